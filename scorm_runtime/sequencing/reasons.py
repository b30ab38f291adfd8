"""Sentences for the exception codes, for learners and for whoever asks why; English and Bahasa Indonesia.

``{}`` is the title of the activity the code is about, ``{before}`` lists the titles of others.
"""

from __future__ import annotations

from collections.abc import Sequence

SENTENCES: dict[str, tuple[str, str]] = {
    "NB.2.1-1": ("The course is already running.", "Kursus sudah berjalan."),
    "NB.2.1-2": ("The course has not begun yet.", "Kursus belum dimulai."),
    "NB.2.1-3": ("There is nothing to resume.", "Tidak ada yang dapat dilanjutkan."),
    "NB.2.1-4": ("“{}” does not offer Continue.", "“{}” tidak menyediakan tombol Lanjut."),
    "NB.2.1-5": ("“{}” does not allow going back.", "“{}” tidak mengizinkan kembali."),
    "NB.2.1-6": ("There is nothing before “{}”.", "Tidak ada apa pun sebelum “{}”."),
    "NB.2.1-8": ("“{}” has to be finished first.", "“{}” harus diselesaikan dahulu."),
    "NB.2.1-10": ("The parts of “{}” cannot be chosen.", "Bagian dari “{}” tidak dapat dipilih."),
    "NB.2.1-11": ("The course has no such part.", "Kursus tidak memiliki bagian tersebut."),
    "NB.2.1-12": ("“{}” has already ended.", "“{}” sudah berakhir."),
    "NB.2.1-13": ("This request is not known in this edition.", "Permintaan ini tidak dikenal dalam edisi ini."),
    "TB.2.3-1": ("The course has not begun yet.", "Kursus belum dimulai."),
    "TB.2.3-2": ("“{}” has already ended.", "“{}” sudah berakhir."),
    "TB.2.3-3": ("There is nothing to suspend.", "Tidak ada yang dapat ditangguhkan."),
    "TB.2.3-4": ("“{}” is the whole course; there is nothing around it.", "“{}” adalah seluruh kursus."),
    "SB.2.1-1": ("This is the end of the course.", "Ini adalah akhir kursus."),
    "SB.2.1-2": ("“{}” has no parts to show.", "“{}” tidak memiliki bagian untuk ditampilkan."),
    "SB.2.1-3": ("This is the beginning of the course.", "Ini adalah awal kursus."),
    "SB.2.1-4": ("“{}” can only be taken forward.", "“{}” hanya dapat ditempuh maju."),
    "SB.2.2-1": ("“{}” lets the learner choose; it has no order of its own.", "“{}” meminta Anda memilih sendiri."),
    "SB.2.2-2": ("“{}” is not available now.", "“{}” belum tersedia."),
    "SB.2.4-1": ("“{}” has to be done before what follows.", "“{}” harus diselesaikan sebelum melanjutkan."),
    "SB.2.4-2": ("“{}” can only be taken forward.", "“{}” hanya dapat ditempuh maju."),
    "SB.2.4-3": ("There is nothing before “{}”.", "Tidak ada apa pun sebelum “{}”."),
    "SB.2.5-1": ("The course is already running.", "Kursus sudah berjalan."),
    "SB.2.6-1": ("The course is already running.", "Kursus sudah berjalan."),
    "SB.2.6-2": ("There is nothing to resume.", "Tidak ada yang dapat dilanjutkan."),
    "SB.2.7-1": ("The course has not begun yet.", "Kursus belum dimulai."),
    "SB.2.7-2": ("“{}” does not offer Continue.", "“{}” tidak menyediakan tombol Lanjut."),
    "SB.2.8-1": ("The course has not begun yet.", "Kursus belum dimulai."),
    "SB.2.8-2": ("“{}” does not allow going back.", "“{}” tidak mengizinkan kembali."),
    "SB.2.9-1": ("Nothing was chosen.", "Tidak ada yang dipilih."),
    "SB.2.9-2": ("“{}” is not part of this attempt.", "“{}” tidak termasuk dalam percobaan ini."),
    "SB.2.9-3": ("“{}” cannot be chosen now.", "“{}” tidak dapat dipilih saat ini."),
    "SB.2.9-4": ("The parts of “{}” cannot be chosen.", "Bagian dari “{}” tidak dapat dipilih."),
    "SB.2.9-5": ("There is no way to it.", "Tidak ada jalan ke sana."),
    "SB.2.9-6": ("“{}” cannot be entered from here.", "“{}” tidak dapat dimasuki dari sini."),
    "SB.2.9-7": ("“{}” has to be finished first.", "“{}” harus diselesaikan dahulu."),
    "SB.2.9-8": ("From “{}” only the next or the previous part can be chosen.",
                 "Dari “{}” hanya bagian berikutnya atau sebelumnya yang dapat dipilih."),
    "SB.2.9-9": ("“{}” has nothing to show now.", "“{}” tidak memiliki apa pun untuk ditampilkan saat ini."),
    "SB.2.10-1": ("The course has not begun yet.", "Kursus belum dimulai."),
    "SB.2.10-2": ("“{}” is still running.", "“{}” masih berjalan."),
    "SB.2.10-3": ("“{}” has nothing to show now.", "“{}” tidak memiliki apa pun untuk ditampilkan saat ini."),
    "SB.2.11-1": ("The course has not begun yet.", "Kursus belum dimulai."),
    "SB.2.11-2": ("“{}” is still running.", "“{}” masih berjalan."),
    "SB.2.13-1": ("The course has not begun yet.", "Kursus belum dimulai."),
    "DB.1.1-1": ("“{}” has no content of its own.", "“{}” tidak memiliki konten sendiri."),
    "DB.1.1-2": ("“{}” is not part of this attempt.", "“{}” tidak termasuk dalam percobaan ini."),
    "DB.1.1-3": ("“{}” is not available now.", "“{}” belum tersedia."),
    "DB.2-1": ("“{}” is still running.", "“{}” masih berjalan."),
    "prerequisites": ("“{}” opens when these are done: {before}.", "“{}” terbuka setelah ini selesai: {before}."),
    "attempts": ("All attempts of “{}” have been used.", "Semua percobaan “{}” sudah terpakai."),
    "hideLMSUI": ("“{}” has its own control for this.", "“{}” memiliki tombol sendiri untuk ini."),
    "hidden": ("“{}” is not shown.", "“{}” tidak ditampilkan."),
    "open": ("“{}” is open already.", "“{}” sudah terbuka."),
    "OP.1-1": ("Choose what comes next.", "Pilih bagian berikutnya."),
}  # fmt: skip
LANGUAGES = ("en", "id")


def sentence(code: str, title: str = "", language: str = "en", before: Sequence[str] = ()) -> str:
    """What the code means, in the language asked for (English where it is another one); ``before``: titles."""
    texts = SENTENCES.get(code)
    if texts is None:
        return code
    index = LANGUAGES.index(language) if language in LANGUAGES else 0
    return texts[index].replace("{}", title.strip()).replace("{before}", ", ".join(f"“{t.strip()}”" for t in before))
