# ruff: noqa: E501 - a text is one line, however long
"""Bahasa Indonesia for what other parts of the server say in English: help of settings, findings of the doctor.

The English stands where the thing itself is (``registrations.settings``, ``core.settings``, ``server.doctor``), which know no languages. A test checks
that nothing is missing here and that the same ``{names}`` are filled in.
"""

from __future__ import annotations

from flask_babel import get_locale

from registrations.settings import SETTINGS
from server.doctor import Check

SETTING_HELP = {
    "suspendDataMaxLength": "Jumlah karakter terbanyak untuk cmi.suspend_data.",
    "scoreOverridesStatus": "Nilai mentah yang dibandingkan dengan nilai kelulusan (atau nilai berskala dengan batas lulus) menentukan status, apa pun yang ditetapkan konten.",
    "scaleRawScore": "SCORM 2004: nilai mentah tanpa nilai berskala tetap dihitung, sebagai bagian di antara minimum dan maksimum (atau dari 100).",
    "statusRollupMode": "Kapan kursus dianggap selesai: menurut aturan urutannya, bila semua bagian selesai (atau juga tidak gagal, atau lulus), bila nilai mencapai thresholdScoreForCompletion, atau keduanya.",
    "thresholdScoreForCompletion": "Persen nilai yang menyelesaikan kursus pada pilihan statusRollupMode yang memakai ambang.",
    "scoreRollupMode": "Nilai kursus: menurut aturan urutannya, rata-rata semua bagian, rata-rata bagian yang bernilai, atau nilai bagian terakhir.",
    "resetRunTimeDataTiming": "Kapan suatu bagian mulai dengan data kosong: menurut standarnya (1.2 tidak pernah, 2004 pada setiap percobaan baru), tidak pernah, atau setiap kali tidak ditinggalkan dengan exit suspend.",
    "validateInteractionResponses": "SCORM 2004: jawaban dan pola jawaban benar harus sesuai dengan bentuk jenis interaksinya.",
    "strictIdentifiers": "SCORM 2004: pengenal tujuan dan interaksi harus berupa URI.",
    "allowCompleteStatusChange": "Pendaftaran yang sudah selesai atau lulus boleh turun lagi pada percobaan berikutnya.",
    "launchCompletedRegsAsNoCredit": "Pendaftaran yang sudah selesai dibuka untuk ditinjau, tanpa dinilai.",
    "finishStatusIncomplete": "SCORM 1.2: konten yang tidak pernah menetapkan status tetap belum selesai; nonaktif: selesai saat diakhiri.",
    "resumeWithoutSuspend": "SCORM 1.2: posisi atau data tersimpan membuat sesi dilanjutkan meskipun cmi.core.exit bukan suspend.",
    "enforceTimeLimits": "Bila waktu suatu bagian habis, pemutar melakukan apa yang dikatakan paketnya (pesan, keluar); nonaktif: diserahkan kepada konten.",
    "makeStudentPreferencesGlobalToCourse": "Preferensi (suara, bahasa, kecepatan, teks) yang ditetapkan satu bagian berlaku juga untuk bagian lainnya.",
    "maxAttempts": "Jumlah percobaan terbanyak untuk satu pendaftaran; 0: tanpa batas.",
    "statementLevel": "Pernyataan mana yang dibuat: tentang kursus saja, juga tentang bagiannya, atau juga tentang interaksi dan tujuan.",
    "traceCalls": "Setiap panggilan konten, dengan hasilnya dan keputusan server, direkam selama 30 hari.",
    "playerLaunchType": "Tempat konten berjalan: di dalam pemutar atau di jendela tersendiri.",
    "showTableOfContents": "Pemutar menampilkan daftar isi.",
    "showNavigation": "Pemutar menampilkan Sebelumnya dan Berikutnya bila konten mengizinkannya.",
    "showProgressBar": "Pemutar menampilkan bilah kemajuan.",
}
_PLACES = {"intermediate": "bagian yang bukan terakhir", "final": "bagian terakhir"}
_RESULTS = {"NotSatisfied": "belum lulus atau belum selesai", "Satisfied": "lulus, atau selesai tanpa penilaian"}
_EXITS = {"Normal": "normal", "Suspend": "suspend", "Timeout": "time-out", "Logout": "logout"}
_EXIT_ACTION = "Setelah {where} ({state}) berakhir sendiri dengan exit {exit} dan tidak meminta apa pun: tetap di situ, lanjut ke bagian berikutnya, atau keluar dari kursus."

VARIABLE_HELP = {
    "REKAM_DATA_DIR": "Folder untuk basis data tertanam, blob, dan rahasia yang dibuat sendiri.",
    "REKAM_DATABASE_URL": "URL SQLAlchemy; kosong: SQLite di folder data.",
    "REKAM_REDIS_URL": "Redis untuk worker RQ; kosong: tugas berjalan pada thread proses web.",
    "REKAM_STORAGE_URL": "Tempat blob disimpan: kosong (folder `blobs` di folder data), suatu path, atau s3://bucket/prefix.",
    "REKAM_STORAGE_OPTIONS": "Objek JSON untuk driver penyimpanan (endpoint, kunci).",
    "REKAM_BASE_URL": "Alamat asal konsol dan API.",
    "REKAM_CONTENT_URL": "Alamat asal pemutar dan berkas kursus; harus host yang berbeda.",
    "REKAM_SECRET_KEY": "Menandatangani sesi dan meng-hash kredensial; kosong: dibuat sekali dan disimpan di folder data.",
    "REKAM_ADMIN_EMAIL": "Administrator pertama untuk awal yang berjalan tanpa ditunggui.",
    "REKAM_ADMIN_PASSWORD": "Kata sandi administrator pertama.",
    "REKAM_BOOTSTRAP_KEY": "Kunci kredensial dengan cakupan `all` yang dibuat saat pertama kali dijalankan.",
    "REKAM_BOOTSTRAP_SECRET": "Rahasia kredensial itu.",
    "REKAM_METRICS_TOKEN": "Token bearer untuk /metrics; kosong: hanya permintaan langsung dari mesin ini.",
    "REKAM_TRUSTED_PROXIES": "Jumlah proksi balik di depan yang header X-Forwarded-*-nya dipercaya.",
    "REKAM_WEBHOOK_NETWORKS": "Jaringan (CIDR), dipisahkan koma, yang boleh dicapai webhook meskipun tidak publik.",
    "REKAM_FRAME_ANCESTORS": "Alamat asal, dipisahkan spasi, yang boleh menyematkan pemutar.",
    "REKAM_UPLOAD_LIMIT": "Ukuran terbesar paket yang diunggah, dalam byte.",
    "REKAM_PACKAGE_ENTRIES_LIMIT": "Jumlah berkas terbanyak dalam satu paket.",
    "REKAM_PACKAGE_SIZE_LIMIT": "Jumlah byte terbanyak dari paket setelah dibuka.",
    "REKAM_PACKAGE_RATIO_LIMIT": "Rasio kompresi tertinggi untuk berkas di atas 1 MiB.",
    "REKAM_MANIFEST_SIZE_LIMIT": "Ukuran terbesar manifes, dalam byte.",
    "REKAM_MANIFEST_ELEMENTS_LIMIT": "Jumlah elemen terbanyak dalam manifes.",
    "REKAM_STATEMENT_REQUEST_LIMIT": "Ukuran terbesar isi permintaan ke /xapi, dalam byte.",
    "REKAM_LAUNCH_IDLE_TIMEOUT": "Jumlah detik sebelum token peluncuran tanpa permintaan berakhir.",
    "REKAM_LAUNCH_ABSOLUTE_TIMEOUT": "Jumlah detik sebelum token peluncuran berakhir bagaimanapun juga.",
    "REKAM_SQLITE_CACHE_MIB": "Tembolok halaman tiap koneksi SQLite, dalam MiB.",
    "REKAM_DATABASE_POOL": "Jumlah koneksi basis data terbanyak dari satu proses.",
    "REKAM_REJECTIONS_KEPT": "Jumlah hari permintaan xAPI yang ditolak disimpan untuk pengirimnya; 0: tidak disimpan.",
    "REKAM_STREAMS": "Jumlah aliran peristiwa terbanyak yang dibuka satu proses web; tiap aliran memakai satu dari GUNICORN_THREADS (16).",
    "REKAM_DRAIN_DELAY": "Jumlah detik setelah SIGTERM selama /readyz menjawab 503 sementara permintaan masih dijawab.",
    "REKAM_DEFAULT_LOCALE": "Bahasa halaman bila peramban tidak meminta satu pun dari keduanya: en atau id.",
    "REKAM_LOG_LEVEL": "DEBUG, INFO, WARNING, atau ERROR.",
}

CHECK_NAMES = {
    "database": "basis data",
    "migrations": "migrasi",
    "redis": "redis",
    "storage": "penyimpanan",
    "origins": "alamat asal",
    "https": "https",
    "secret key": "kunci rahasia",
    "proxies": "proksi",
    "webhooks": "webhook",
    "outbox": "kotak keluar",
}
CHECK_TEXTS = {
    "PostgreSQL {version}": "PostgreSQL {version}",
    "SQLite {version} has the WAL-reset bug; install the pysqlite3 wheel": "SQLite {version} memiliki galat WAL-reset; pasang wheel pysqlite3",
    "SQLite is in journal mode {mode}: is the data folder on a network disk?": "SQLite memakai mode jurnal {mode}: apakah folder data berada di disk jaringan?",
    "SQLite {version}, WAL, {path}": "SQLite {version}, WAL, {path}",
    "unknown: the database does not answer": "tidak diketahui: basis data tidak menjawab",
    "missing: {missing}; run `rekam db upgrade`": "belum ada: {missing}; jalankan `rekam db upgrade`",
    "up to date": "mutakhir",
    "not used: the web processes do the jobs": "tidak dipakai: proses web mengerjakan tugas",
    "{error}; jobs wait for it or for a worker's sweeper": "{error}; tugas menunggunya atau menunggu penyapu worker",
    "Redis {version}, but no worker listens; start `rekam worker`": "Redis {version}, tetapi tidak ada worker; jalankan `rekam worker`",
    "Redis {version}, {workers} worker(s)": "Redis {version}, {workers} worker",
    "base and content differ only in the port; browsers share cookies across ports of a host": "alamat dasar dan konten hanya berbeda porta; peramban berbagi kuki antarporta pada satu host",
    "base and content are hosts of one domain; two registrable domains isolate courses better": "alamat dasar dan konten berada pada satu domain; dua domain terpisah mengisolasi kursus dengan lebih baik",
    "{base} and {content}": "{base} dan {content}",
    "a public installation needs https in REKAM_BASE_URL and REKAM_CONTENT_URL": "instalasi publik memerlukan https pada REKAM_BASE_URL dan REKAM_CONTENT_URL",
    "REKAM_SECRET_KEY is shorter than 32 characters": "REKAM_SECRET_KEY lebih pendek dari 32 karakter",
    "from REKAM_SECRET_KEY": "dari REKAM_SECRET_KEY",
    "{path} can be read by others; chmod 600": "{path} dapat dibaca orang lain; chmod 600",
    "kept in the data folder; several hosts must share one REKAM_SECRET_KEY": "tersimpan di folder data; beberapa host harus memakai satu REKAM_SECRET_KEY yang sama",
    "kept in {path}": "tersimpan di {path}",
    "https is ended by a proxy in front; set REKAM_TRUSTED_PROXIES to their number so that addresses are right": "https diakhiri oleh proksi di depan; isi REKAM_TRUSTED_PROXIES dengan jumlahnya agar alamat benar",
    "{count} trusted": "{count} dipercaya",
    "REKAM_WEBHOOK_NETWORKS allows every address, this host's own included": "REKAM_WEBHOOK_NETWORKS mengizinkan semua alamat, termasuk milik host ini sendiri",
    "public addresses and {count} network(s)": "alamat publik dan {count} jaringan",
    "public addresses only": "hanya alamat publik",
    "unknown: the database does not answer or has no tables yet": "tidak diketahui: basis data tidak menjawab atau belum memiliki tabel",
    "{depth} rows wait, the oldest since {seconds:.0f} s: does a server or worker run?": "{depth} baris menunggu, yang tertua sejak {seconds:.0f} detik: apakah server atau worker berjalan?",
    "{count} jobs were given up within a week ({kinds}): replay messages of webhooks, switch forwarders on again, ask again for erasures, purges and imports": "{count} tugas dihentikan dalam seminggu terakhir ({kinds}): kirim ulang pesan webhook, aktifkan kembali penerus, minta lagi penghapusan dan impor",
    "{depth} rows wait": "{depth} baris menunggu",
}  # fmt: skip


def _indonesian() -> bool:
    return str(get_locale()) == "id"


def setting_help(name: str) -> str:
    """What a player setting does, in the reader's language."""
    return exit_action_help(name) or SETTING_HELP[name] if _indonesian() else SETTINGS[name].help


def exit_action_help(name: str) -> str:
    """The Indonesian help of one of the sixteen settings for the end of a part; empty for another setting."""
    if not name.endswith("ExitAction"):
        return ""
    place = next(place for place in _PLACES if name.startswith(place))
    result = next(result for result in _RESULTS if name.startswith(f"{place}Sco{result}"))
    exit_ = name.removeprefix(f"{place}Sco{result}").removesuffix("ExitAction")
    return _EXIT_ACTION.format(where=_PLACES[place], state=_RESULTS[result], exit=_EXITS[exit_])


def variable_help(name: str, english: str) -> str:
    """What an environment variable does, in the reader's language."""
    return VARIABLE_HELP[name] if _indonesian() else english


def check_name(check: Check) -> str:
    return CHECK_NAMES[check.name] if _indonesian() else check.name


def check_text(check: Check) -> str:
    """What the doctor found; messages of libraries stay as they are."""
    template = CHECK_TEXTS.get(check.template, check.template) if _indonesian() else check.template
    return template.format(**check.values)
