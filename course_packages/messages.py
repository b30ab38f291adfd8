"""The words of import reports, in English and Bahasa Indonesia: one table, code → severity and texts.

``{…}`` are the values given where the problem is found. An error blocks the import, a warning does not, a repair tells
that something was read otherwise than written (it needs no advice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Text:
    """``english`` and ``indonesian`` are (message, advice)."""

    severity: Literal["error", "warning", "repair"]
    english: tuple[str, str]
    indonesian: tuple[str, str]


_REZIP = "Make the zip again from the course folder with a current tool and upload it."
_REZIP_ID = "Buat ulang zip dari folder kursus dengan alat terbaru, lalu unggah lagi."
_EXPORT = "Export the course again from the authoring tool."
_EXPORT_ID = "Ekspor ulang kursus dari alat pembuatnya."
_EDIT = "Correct this line of the manifest, or export the course again from the authoring tool."
_EDIT_ID = "Perbaiki baris manifes ini, atau ekspor ulang kursus dari alat pembuatnya."


def _error(en: str, en_advice: str, id_: str, id_advice: str) -> Text:
    return Text("error", (en, en_advice), (id_, id_advice))


def _warning(en: str, en_advice: str, id_: str, id_advice: str) -> Text:
    return Text("warning", (en, en_advice), (id_, id_advice))


def _repair(en: str, id_: str) -> Text:
    return Text("repair", (en, ""), (id_, ""))


_ZIP: dict[str, Text] = {
    "zip_not_a_zip": _error(
        "The file is neither a zip archive nor a PDF, video, sound or picture that can be shown.",
        "Upload the zip that the authoring tool exported, or a PDF, MP4, WebM, MP3, PNG, JPEG, GIF or WebP file.",
        "Berkas ini bukan arsip zip dan bukan pula PDF, video, suara, atau gambar yang dapat ditampilkan.",
        "Unggah zip hasil ekspor alat pembuat kursus, atau berkas PDF, MP4, WebM, MP3, PNG, JPEG, GIF, atau WebP.",
    ),
    "xml_alone": _error(
        "The file is a single XML file, but not a cmi5 course structure: its root element is <{element}>.",
        "Upload the zip that the authoring tool exported; only a cmi5 course structure is a course without one.",
        "Berkas ini satu berkas XML, tetapi bukan struktur kursus cmi5: elemen akarnya <{element}>.",
        "Unggah zip hasil ekspor alat pembuat kursus; hanya struktur kursus cmi5 yang merupakan kursus tanpa zip.",
    ),
    "zip_truncated": _error(
        "The zip is cut short: its end is missing.",
        "The upload or the export was interrupted. Upload the complete file.",
        "Zip terpotong: bagian akhirnya hilang.",
        "Unggahan atau ekspor terputus. Unggah berkas yang lengkap.",
    ),
    "zip_broken": _error(
        "The table of contents of the zip is damaged: {detail}.", _REZIP, "Daftar isi zip rusak: {detail}.", _REZIP_ID
    ),
    "zip_damaged": _error(
        "This file of the zip is damaged: {detail}.", _REZIP, "Berkas dalam zip ini rusak: {detail}.", _REZIP_ID
    ),
    "zip_header_mismatch": _error(
        "The zip contradicts itself about this file: {detail}.",
        _REZIP,
        "Zip memuat keterangan yang bertentangan tentang berkas ini: {detail}.",
        _REZIP_ID,
    ),
    "zip_lies_about_size": _error(
        "This file is not as long as the zip says.",
        _REZIP,
        "Panjang berkas ini tidak sesuai dengan keterangan zip.",
        _REZIP_ID,
    ),
    "zip_overlap": _error(
        "Two entries share the same bytes of the zip (the other is {other}).",
        _REZIP,
        "Dua entri memakai bagian zip yang sama (yang lain: {other}).",
        _REZIP_ID,
    ),
    "zip_multipart": _error(
        "The zip is one part of several.",
        "Put the course into a single zip.",
        "Zip ini hanya satu bagian dari beberapa bagian.",
        "Jadikan kursus satu zip utuh.",
    ),
    "zip_encrypted": _error(
        "This file of the zip is encrypted.",
        "Make the zip again without a password.",
        "Berkas dalam zip ini terenkripsi.",
        "Buat ulang zip tanpa kata sandi.",
    ),
    "zip_compression": _error(
        "This file uses compression method {method}, which browsers' tools and most servers cannot read.",
        "Make the zip again with the ordinary method (Deflate).",
        "Berkas ini memakai metode kompresi {method} yang tidak didukung.",
        "Buat ulang zip dengan metode biasa (Deflate).",
    ),
    "zip_symlink": _error(
        "This entry is a symbolic link.",
        "Put the file itself into the zip.",
        "Entri ini adalah tautan simbolik.",
        "Masukkan berkas aslinya ke dalam zip.",
    ),
    "zip_special_file": _error(
        "This entry is a device or pipe, not a file.",
        _REZIP,
        "Entri ini adalah perangkat atau pipa, bukan berkas.",
        _REZIP_ID,
    ),
    "zip_control_character": _error(
        "The name of this entry contains a control character.",
        "Rename the file and make the zip again.",
        "Nama entri ini memuat karakter kendali.",
        "Ganti nama berkas lalu buat ulang zip.",
    ),
    "zip_absolute_path": _error(
        "The name of this entry is an absolute path.", _REZIP, "Nama entri ini adalah jalur absolut.", _REZIP_ID
    ),
    "zip_slip": _error(
        "The name of this entry leads out of the package (“..”).",
        _REZIP,
        "Nama entri ini mengarah ke luar paket (“..”).",
        _REZIP_ID,
    ),
    "zip_path_too_long": _error(
        "The name of this entry is longer than {limit} bytes.",
        "Use shorter names for files and folders.",
        "Nama entri ini lebih panjang dari {limit} bita.",
        "Pakai nama berkas dan folder yang lebih pendek.",
    ),
    "zip_duplicate": _error(
        "The zip has this file twice, if upper and lower case do not count (the other is {other}).",
        "Remove one of the two, or give them different names.",
        "Zip memuat berkas ini dua kali jika huruf besar dan kecil tidak dibedakan (yang lain: {other}).",
        "Hapus salah satunya, atau beri nama yang berbeda.",
    ),
    "zip_too_many_entries": _error(
        "The zip has {found} entries; the limit is {limit}.",
        "Split the course, or ask the operator for a higher limit (REKAM_PACKAGE_ENTRIES_LIMIT).",
        "Zip memuat {found} entri; batasnya {limit}.",
        "Bagi kursusnya, atau minta operator menaikkan batas (REKAM_PACKAGE_ENTRIES_LIMIT).",
    ),
    "zip_too_large": _error(
        "Unpacked, the package is larger than {limit} bytes.",
        "Compress videos, or ask the operator for a higher limit (REKAM_PACKAGE_SIZE_LIMIT).",
        "Setelah dibuka, paket lebih besar dari {limit} bita.",
        "Kompres videonya, atau minta operator menaikkan batas (REKAM_PACKAGE_SIZE_LIMIT).",
    ),
    "zip_ratio": _error(
        "This file grows to more than {limit} times its size when unpacked.",
        "Remove it, or ask the operator for a higher limit (REKAM_PACKAGE_RATIO_LIMIT).",
        "Berkas ini membesar lebih dari {limit} kali saat dibuka.",
        "Hapus berkas ini, atau minta operator menaikkan batas (REKAM_PACKAGE_RATIO_LIMIT).",
    ),
    "zip_within_zip": _error(
        "The zip has no manifest, but holds another zip.",
        "Unpack it and upload the zip inside.",
        "Zip ini tidak memuat manifes, tetapi memuat zip lain.",
        "Buka zip ini dan unggah zip yang di dalamnya.",
    ),
    "file_too_large": _error(
        "The file has {size} bytes; the limit for manifests is {limit}.",
        "Ask the operator for a higher limit (REKAM_MANIFEST_SIZE_LIMIT).",
        "Ukuran berkas {size} bita; batas untuk manifes {limit}.",
        "Minta operator menaikkan batas (REKAM_MANIFEST_SIZE_LIMIT).",
    ),
    "files_outside": _warning(
        "{count} files outside the folder {folder} of the manifest are left out.",
        "Put the manifest and all files it needs into the same folder.",
        "{count} berkas di luar folder manifes {folder} tidak disertakan.",
        "Tempatkan manifes dan semua berkas yang dibutuhkannya dalam folder yang sama.",
    ),
    "path_backslash": _repair(
        "File names with backslashes were read with slashes.",
        "Nama berkas dengan garis miring terbalik dibaca dengan garis miring.",
    ),
    "name_cp437": _repair(
        "File names without an encoding were read as code page 437.",
        "Nama berkas tanpa keterangan enkode dibaca sebagai code page 437.",
    ),
    "name_utf8": _repair(
        "File names without an encoding were read as UTF-8.",
        "Nama berkas tanpa keterangan enkode dibaca sebagai UTF-8.",
    ),
    "junk_ignored": _repair(
        "Files of the operating system (__MACOSX, Thumbs.db …) were ignored.",
        "Berkas sistem operasi (__MACOSX, Thumbs.db …) diabaikan.",
    ),
}

_XML: dict[str, Text] = {
    "xml_broken": _error(
        "The XML is not well-formed: {detail}.",
        "Open the file at this line in an XML editor, or export the course again.",
        "XML tidak berbentuk baik: {detail}.",
        "Buka berkas pada baris ini dengan penyunting XML, atau ekspor ulang kursusnya.",
    ),
    "xml_doctype": _error(
        "The file has a DOCTYPE, which is not accepted for safety.",
        "Remove the line with <!DOCTYPE …>; course manifests do not need one.",
        "Berkas memuat DOCTYPE, yang tidak diterima demi keamanan.",
        "Hapus baris <!DOCTYPE …>; manifes kursus tidak memerlukannya.",
    ),
    "xml_encoding": _error(
        "The encoding {encoding} is not known.",
        "Save the file as UTF-8.",
        "Enkode {encoding} tidak dikenal.",
        "Simpan berkas sebagai UTF-8.",
    ),
    "xml_not_in_encoding": _error(
        "The file is not written in {encoding}, as its first line says.",
        "Save the file as UTF-8.",
        "Berkas tidak ditulis dalam {encoding} seperti disebut baris pertamanya.",
        "Simpan berkas sebagai UTF-8.",
    ),
    "xml_too_many_elements": _error(
        "The file has more than {limit} elements.",
        "Split the course, or ask the operator for a higher limit (REKAM_MANIFEST_ELEMENTS_LIMIT).",
        "Berkas memuat lebih dari {limit} elemen.",
        "Bagi kursusnya, atau minta operator menaikkan batas (REKAM_MANIFEST_ELEMENTS_LIMIT).",
    ),
    "xml_bom": _repair("A byte order mark was removed.", "Tanda urutan bita (BOM) dihapus."),
    "xml_leading_space": _repair(
        "Blank space before the XML declaration was removed.", "Spasi sebelum deklarasi XML dihapus."
    ),
    "xml_encoding_wrong": _repair(
        "The XML says it is {encoding}, but was read as UTF-8.", "XML menyebut {encoding}, tetapi dibaca sebagai UTF-8."
    ),
    "xml_windows_1252": _repair(
        "The file is not UTF-8 and was read as Windows-1252.", "Berkas bukan UTF-8 dan dibaca sebagai Windows-1252."
    ),
    "xml_invalid_characters": _repair(
        "Control characters that XML forbids were removed.", "Karakter kendali yang dilarang XML dihapus."
    ),
    "xml_bare_ampersand": _repair("A bare & was read as &amp;.", "Tanda & tunggal dibaca sebagai &amp;."),
    "xml_html_entity": _repair(
        "Named characters of HTML (like &nbsp;) were replaced.", "Karakter bernama HTML (seperti &nbsp;) diganti."
    ),
    "xml_prefix_undeclared": _repair(
        "The prefix {prefix} is used without being declared; it was declared.",
        "Prefiks {prefix} dipakai tanpa deklarasi; deklarasinya ditambahkan.",
    ),
}

_MANIFEST: dict[str, Text] = {
    "manifest_missing": _error(
        "No manifest was found: the zip has neither imsmanifest.xml nor cmi5.xml, tincan.xml or AICC files. It has: {found}.",
        "Upload the zip exported for an LMS (SCORM, cmi5, xAPI or AICC), with the manifest at its top.",
        "Manifes tidak ditemukan: zip tidak memuat imsmanifest.xml, cmi5.xml, tincan.xml ataupun berkas AICC. Isinya: {found}.",
        "Unggah zip yang diekspor untuk LMS (SCORM, cmi5, xAPI atau AICC) dengan manifes di tingkat teratas.",
    ),
    "manifest_root": _error(
        "The root element is <{element}>, not <manifest>.",
        _EXPORT,
        "Elemen akarnya <{element}>, bukan <manifest>.",
        _EXPORT_ID,
    ),
    "nothing_to_launch": _error(
        "The course has nothing that can be launched.",
        "At least one item must refer to a resource with a launch file (identifierref → resource → href).",
        "Kursus ini tidak memiliki apa pun yang dapat dijalankan.",
        "Sedikitnya satu item harus merujuk ke sumber daya dengan berkas peluncur (identifierref → resource → href).",
    ),
    "resource_without_href": _error(
        "The item “{title}” refers to the resource {reference}, which has no launch file (href).",
        _EDIT,
        "Item “{title}” merujuk ke sumber daya {reference} yang tidak memiliki berkas peluncur (href).",
        _EDIT_ID,
    ),
    "launch_file_missing": _error(
        "The launch file {path} of “{title}” is not in the zip.",
        "Add the file to the package, or correct the href of its resource.",
        "Berkas peluncur {path} untuk “{title}” tidak ada dalam zip.",
        "Tambahkan berkasnya ke paket, atau perbaiki href sumber dayanya.",
    ),
    "href_absolute": _error(
        "{href} is a path of the author's computer.", _EDIT, "{href} adalah jalur di komputer pembuat.", _EDIT_ID
    ),
    "href_scheme": _error(
        "{href} is an address of the kind {scheme}:, which a course cannot be launched from.",
        _EDIT,
        "{href} adalah alamat berjenis {scheme}: yang tidak dapat menjalankan kursus.",
        _EDIT_ID,
    ),
    "href_outside": _error("{href} leads out of the package.", _EDIT, "{href} mengarah ke luar paket.", _EDIT_ID),
    "items_too_deep": _error(
        "Items are nested more than {limit} levels deep.", _EDIT, "Item bersarang lebih dari {limit} tingkat.", _EDIT_ID
    ),
    "items_too_many": _error(
        "The course has more than {limit} items.", _EDIT, "Kursus memuat lebih dari {limit} item.", _EDIT_ID
    ),
    "manifest_in_itself": _error(
        "The sub-manifest {reference} contains itself.",
        _EDIT,
        "Submanifes {reference} memuat dirinya sendiri.",
        _EDIT_ID,
    ),
    "resource_without_identifier": _warning(
        "A resource without identifier is ignored.", _EDIT, "Sumber daya tanpa identifier diabaikan.", _EDIT_ID
    ),
    "resource_duplicate": _warning(
        "The resource {identifier} is declared twice; the first counts.",
        _EDIT,
        "Sumber daya {identifier} dideklarasikan dua kali; yang pertama dipakai.",
        _EDIT_ID,
    ),
    "file_missing": _warning(
        "The file {path} is listed, but not in the zip.",
        "Add the file to the package if the course needs it.",
        "Berkas {path} terdaftar, tetapi tidak ada dalam zip.",
        "Tambahkan berkasnya ke paket jika kursus membutuhkannya.",
    ),
    "item_empty": _warning(
        "The item “{title}” has neither content nor sub-items.",
        "Remove it, or refer it to a resource.",
        "Item “{title}” tidak memiliki isi maupun subitem.",
        "Hapus item ini, atau rujukkan ke sumber daya.",
    ),
    "reference_dangling": _warning(
        "The item “{title}” refers to the resource {reference}, which the manifest does not have: it cannot be opened.",
        _EDIT,
        "Item “{title}” merujuk ke sumber daya {reference} yang tidak ada dalam manifes: item ini tidak dapat dibuka.",
        _EDIT_ID,
    ),
    "launch_external": _warning(
        "“{title}” is launched from another server: {href}. It cannot be tracked there.",
        "Put the content into the package.",
        "“{title}” dijalankan dari peladen lain: {href}. Di sana kemajuannya tidak dapat dicatat.",
        "Masukkan isinya ke dalam paket.",
    ),
    "metadata_missing": _warning(
        "The metadata file {path} is not in the zip.",
        "Add it, or remove the reference; the course runs without it.",
        "Berkas metadata {path} tidak ada dalam zip.",
        "Tambahkan berkasnya, atau hapus rujukannya; kursus tetap berjalan tanpanya.",
    ),
    "metadata_unreadable": _warning(
        "This metadata file cannot be read and is ignored.",
        "Correct its XML; the course runs without it.",
        "Berkas metadata ini tidak dapat dibaca dan diabaikan.",
        "Perbaiki XML-nya; kursus tetap berjalan tanpanya.",
    ),
    "namespace_other_edition": _warning(
        "The manifest says {standard}, but uses the namespace {namespace} of another edition.",
        "If the course does not track, export it again for one edition.",
        "Manifes menyebut {standard}, tetapi memakai ruang nama {namespace} dari edisi lain.",
        "Jika kemajuan tidak tercatat, ekspor ulang kursus untuk satu edisi.",
    ),
    "value_invalid": _warning(
        "{what} of <{element}> is “{value}”, but must be {expected}; “{default}” is used.",
        _EDIT,
        "{what} pada <{element}> adalah “{value}”, padahal harus {expected}; dipakai “{default}”.",
        _EDIT_ID,
    ),
    "data_map_invalid": _warning(
        "A map to the data store “{target}” is repeated or has no target and is ignored.",
        _EDIT,
        "Pemetaan ke penyimpanan data “{target}” berulang atau tanpa tujuan dan diabaikan.",
        _EDIT_ID,
    ),
    "bucket_invalid": _warning(
        "The bucket “{identifier}” is repeated, has no bucketID or no even size, and is ignored.",
        _EDIT,
        "Ember “{identifier}” berulang, tanpa bucketID, atau tanpa ukuran genap, dan diabaikan.",
        _EDIT_ID,
    ),
    "objective_invalid": _warning(
        "The objective “{identifier}” is repeated or has no objectiveID and is ignored.",
        _EDIT,
        "Objektif “{identifier}” berulang atau tanpa objectiveID dan diabaikan.",
        _EDIT_ID,
    ),
    "objective_unknown": _warning(
        "adlseq:objectives names the objective “{identifier}”, which imsss:objectives does not declare; it is ignored.",
        _EDIT,
        "adlseq:objectives menyebut objektif “{identifier}” yang tidak dideklarasikan imsss:objectives; diabaikan.",
        _EDIT_ID,
    ),
    "map_without_target": _warning(
        "A mapInfo without targetObjectiveID is ignored.",
        _EDIT,
        "mapInfo tanpa targetObjectiveID diabaikan.",
        _EDIT_ID,
    ),
    "rule_without_condition": _warning(
        "A sequencing rule with the action {action} has no condition and is ignored.",
        _EDIT,
        "Aturan pengurutan dengan tindakan {action} tidak memiliki syarat dan diabaikan.",
        _EDIT_ID,
    ),
    "sequencing_reference": _error(
        "The sequencing refers to {reference}, which no sequencingCollection has.",
        _EDIT,
        "Pengurutan merujuk ke {reference} yang tidak ada dalam sequencingCollection.",
        _EDIT_ID,
    ),
    "sequencing_too_much": _error(
        "With all references in place, the course has too many sequencing rules.",
        _EDIT,
        "Setelah semua rujukan digabung, kursus memuat terlalu banyak aturan pengurutan.",
        _EDIT_ID,
    ),
    "manifest_in_folder": _repair(
        "The manifest lies in the folder {folder}; that folder was taken for the package.",
        "Manifes berada dalam folder {folder}; folder itu dianggap sebagai paket.",
    ),
    "manifest_name_case": _repair(
        "The name of the manifest was matched without regard to case.",
        "Nama manifes dicocokkan tanpa membedakan huruf besar dan kecil.",
    ),
    "namespace_missing": _repair(
        "The manifest declares no namespace; it was read as SCORM.",
        "Manifes tidak mendeklarasikan ruang nama; dibaca sebagai SCORM.",
    ),
    "schema_version_missing": _repair(
        "The schemaversion is missing; the content is that of {standard}.",
        "schemaversion tidak ada; isinya sesuai {standard}.",
    ),
    "schema_version_unknown": _repair(
        "The schemaversion “{version}” is not known; the content is that of {standard}.",
        "schemaversion “{version}” tidak dikenal; isinya sesuai {standard}.",
    ),
    "scorm_type_missing": _repair(
        "No resource says whether it is a SCO; all launchable ones were read as SCOs.",
        "Tidak ada sumber daya yang menyebut dirinya SCO; semua yang dapat dijalankan dibaca sebagai SCO.",
    ),
    "organization_missing": _repair(
        "There is no organization; one was made from the resources that can be launched.",
        "Tidak ada organisasi; dibuatkan dari sumber daya yang dapat dijalankan.",
    ),
    "default_organization_missing": _repair(
        "No default organization is named; the first, {used}, was taken.",
        "Organisasi bawaan tidak disebut; dipakai yang pertama, {used}.",
    ),
    "default_organization_wrong": _repair(
        "The default organization {wanted} does not exist; the first, {used}, was taken.",
        "Organisasi bawaan {wanted} tidak ada; dipakai yang pertama, {used}.",
    ),
    "identifier_missing": _repair("An identifier of an {kind} was made up.", "Identifier untuk {kind} dibuatkan."),
    "identifier_invalid": _repair(
        "The identifier {identifier} is not valid in XML, but was accepted.",
        "Identifier {identifier} tidak sah dalam XML, tetapi diterima.",
    ),
    "identifier_duplicate": _repair(
        "The identifier {identifier} is used twice; a number was appended.",
        "Identifier {identifier} dipakai dua kali; ditambahi nomor.",
    ),
    "title_missing": _repair(
        "The item {identifier} has no title; its identifier is shown.",
        "Item {identifier} tidak berjudul; identifiernya ditampilkan.",
    ),
    "course_title_missing": _repair(
        "The course has no title; “{used}” is shown.",
        "Kursus tidak berjudul; “{used}” ditampilkan.",
    ),
    "token_case": _repair("“{value}” was read as “{token}”.", "“{value}” dibaca sebagai “{token}”."),
    "href_case": _repair(
        "{href} was matched with {path} without regard to case.",
        "{href} dicocokkan dengan {path} tanpa membedakan huruf besar dan kecil.",
    ),
    "href_backslash": _repair(
        "Backslashes of {href} were read as slashes.", "Garis miring terbalik pada {href} dibalik."
    ),
    "href_leading_slash": _repair(
        "The slash at the start of {href} was removed.", "Garis miring di awal {href} dihapus."
    ),
    "href_unescaped": _repair(
        "{href} was taken for the name of the file as it stands.", "{href} dibaca apa adanya sebagai nama berkas."
    ),
    "xml_base_slash": _repair(
        "xml:base of {href} was read with a slash at its end.",
        "xml:base untuk {href} dibaca dengan garis miring di akhir.",
    ),
    "xml_base_ignored": _repair("{href} was found without its xml:base.", "{href} ditemukan tanpa xml:base-nya."),
}

_OTHERS: dict[str, Text] = {
    "cmi5_no_course": _error(
        "This is not a cmi5 course structure: <courseStructure> with <course> is missing.",
        _EXPORT,
        "Ini bukan struktur kursus cmi5: <courseStructure> dengan <course> tidak ada.",
        _EXPORT_ID,
    ),
    "cmi5_id_missing": _error("<{element}> has no id.", _EDIT, "<{element}> tidak memiliki id.", _EDIT_ID),
    "cmi5_id_duplicate": _error(
        "The id {identifier} is used twice.", _EDIT, "Id {identifier} dipakai dua kali.", _EDIT_ID
    ),
    "cmi5_id_no_iri": _error(
        "The id {identifier} is not an IRI (https://…).", _EDIT, "Id {identifier} bukan IRI (https://…).", _EDIT_ID
    ),
    "cmi5_url_missing": _error("The AU “{title}” has no url.", _EDIT, "AU “{title}” tidak memiliki url.", _EDIT_ID),
    "cmi5_url_invalid": _error(
        "{href} of “{title}” is not an address.", _EDIT, "{href} milik “{title}” bukan alamat.", _EDIT_ID
    ),
    "cmi5_url_relative": _error(
        "“{title}” is launched from {href}, but nothing came with this course structure (cmi5 14.2).",
        "Write complete addresses (https://…), or upload a zip with the course structure and its files.",
        "“{title}” dijalankan dari {href}, padahal struktur kursus ini datang tanpa berkas lain (cmi5 14.2).",
        "Tulis alamat lengkap (https://…), atau unggah zip berisi struktur kursus dan berkas-berkasnya.",
    ),
    "cmi5_empty_block": _error(
        "A course or block needs at least one AU or block.",
        _EDIT,
        "Kursus atau blok memerlukan sedikitnya satu AU atau blok.",
        _EDIT_ID,
    ),
    "cmi5_objective_unknown": _warning(
        "The objective {identifier} is referred to, but not declared; the reference is ignored.",
        _EDIT,
        "Objektif {identifier} dirujuk, tetapi tidak dideklarasikan; rujukan diabaikan.",
        _EDIT_ID,
    ),
    "tincan_no_activity": _error(
        "This is not an xAPI package: <tincan> with an <activity> is missing.",
        _EXPORT,
        "Ini bukan paket xAPI: <tincan> dengan <activity> tidak ada.",
        _EXPORT_ID,
    ),
    "tincan_id_missing": _error(
        "An activity with a launch file has no id.",
        _EDIT,
        "Aktivitas dengan berkas peluncur tidak memiliki id.",
        _EDIT_ID,
    ),
    "aicc_file_missing": _error(
        "The AICC file with the extension .{extension} is missing.",
        _EXPORT,
        "Berkas AICC berekstensi .{extension} tidak ada.",
        _EXPORT_ID,
    ),
    "aicc_table_broken": _error(
        "The table cannot be read: {detail}.", _EXPORT, "Tabel tidak dapat dibaca: {detail}.", _EXPORT_ID
    ),
    "aicc_member_unknown": _warning(
        "The structure names {member}, which is neither an assignable unit nor a block; it is ignored.",
        _EXPORT,
        "Struktur menyebut {member} yang bukan unit maupun blok; diabaikan.",
        _EXPORT_ID,
    ),
    "aicc_member_twice": _warning(
        "The structure names {member} twice; the first place counts.",
        _EXPORT,
        "Struktur menyebut {member} dua kali; tempat pertama dipakai.",
        _EXPORT_ID,
    ),
    "aicc_windows_1252": _repair(
        "The file is not UTF-8 and was read as Windows-1252.", "Berkas bukan UTF-8 dan dibaca sebagai Windows-1252."
    ),
}

_SCHEMAS: dict[str, Text] = {
    "schema_element_missing": _warning(
        "<{element}> has no <{part}>, which its schema requires ({count} ×, here first).",
        _EDIT,
        "<{element}> tidak memiliki <{part}> yang diwajibkan skemanya ({count} ×, pertama di sini).",
        _EDIT_ID,
    ),
    "schema_element_repeated": _warning(
        "<{element}> has <{part}> more than once; the first counts ({count} ×, here first).",
        "Keep one of them, or export the course again from the authoring tool.",
        "<{element}> memuat <{part}> lebih dari satu kali; yang pertama dipakai ({count} ×, pertama di sini).",
        "Sisakan satu, atau ekspor ulang kursus dari alat pembuatnya.",
    ),
    "schema_element_unknown": _warning(
        "The schema knows no <{part}> within <{element}>; it is ignored ({count} ×, here first).",
        "Correct the name or the place of this element, or remove it.",
        "Skema tidak mengenal <{part}> di dalam <{element}>; elemen ini diabaikan ({count} ×, pertama di sini).",
        "Perbaiki nama atau tempat elemen ini, atau hapus.",
    ),
    "schema_attribute_missing": _warning(
        "<{element}> has no attribute {part}, which its schema requires ({count} ×, here first).",
        _EDIT,
        "<{element}> tidak memiliki atribut {part} yang diwajibkan skemanya ({count} ×, pertama di sini).",
        _EDIT_ID,
    ),
    "schema_order": _repair(
        "What stands within <{element}> is not in the order of its schema.",
        "Isi <{element}> tidak dalam urutan menurut skemanya.",
    ),
    "dependency_unknown": _warning(
        "A resource depends on {reference}, which is not declared.",
        _EDIT,
        "Sebuah sumber daya bergantung pada {reference} yang tidak dideklarasikan.",
        _EDIT_ID,
    ),
    "item_launches_and_contains": _warning(
        "The item {identifier} has parts and also a file of its own; SCORM 2004 launches only items without parts.",
        "Make the file a part of its own below the item.",
        "Item {identifier} memiliki bagian dan juga berkas sendiri; SCORM 2004 hanya meluncurkan item tanpa bagian.",
        "Jadikan berkas itu bagian tersendiri di bawah item.",
    ),
    "objective_written_twice": _warning(
        "Two objectives of one activity write the shared objective {identifier}; which one wins is not defined.",
        "Let only one of them write it.",
        "Dua objektif dari satu aktivitas menulis objektif bersama {identifier}; mana yang menang tidak ditentukan.",
        "Biarkan hanya satu yang menulisnya.",
    ),
    "objective_read_twice": _warning(
        "The objective {identifier} takes its status from more than one shared objective.",
        "Let it read from one of them only.",
        "Objektif {identifier} mengambil statusnya dari lebih dari satu objektif bersama.",
        "Biarkan objektif ini membaca dari satu saja.",
    ),
    "cmi5_namespace": _warning(
        "The course structure is not in the namespace of cmi5 ({found}); it was read as if it were.",
        'Write xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd" into <courseStructure>.',
        "Struktur kursus tidak berada dalam ruang nama cmi5 ({found}); dibaca seolah-olah demikian.",
        'Tulis xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd" pada <courseStructure>.',
    ),
    "cmi5_reserved_parameter": _error(
        "The address of “{title}” has the parameter {parameter}, which a launch sets itself (cmi5 8.1).",
        "Give the parameter another name.",
        "Alamat “{title}” memuat parameter {parameter} yang ditetapkan oleh peluncuran itu sendiri (cmi5 8.1).",
        "Beri parameter itu nama lain.",
    ),
    "cmi5_language_twice": _warning(
        "A text is given more than once in the language {language}; the last counts.",
        _EDIT,
        "Sebuah teks diberikan lebih dari satu kali dalam bahasa {language}; yang terakhir dipakai.",
        _EDIT_ID,
    ),
    "aicc_field_missing": _warning(
        "The course file has no {field} in [{section}].",
        _EXPORT,
        "Berkas kursus tidak memuat {field} dalam [{section}].",
        _EXPORT_ID,
    ),
    "aicc_column_missing": _warning(
        "This table has no column {column}.",
        _EXPORT,
        "Tabel ini tidak memiliki kolom {column}.",
        _EXPORT_ID,
    ),
    "aicc_id_duplicate": _warning(
        "The id {identifier} stands in more than one line of this table; the last counts.",
        _EXPORT,
        "Id {identifier} ada di lebih dari satu baris tabel ini; yang terakhir dipakai.",
        _EXPORT_ID,
    ),
    "aicc_id_missing": _warning(
        "{count} lines of this table have no system_id and are ignored.",
        _EXPORT,
        "{count} baris tabel ini tidak memiliki system_id dan diabaikan.",
        _EXPORT_ID,
    ),
    "aicc_total_wrong": _warning(
        "The course file speaks of {said} ({field}), but there are {found}.",
        "Parts may be missing: export the course again from the authoring tool.",
        "Berkas kursus menyebut {said} ({field}), tetapi yang ada {found}.",
        "Mungkin ada bagian yang hilang: ekspor ulang kursus dari alat pembuatnya.",
    ),
    "aicc_not_placed": _warning(
        "{count} units are in no block of the structure and cannot be opened; the first is {member}.",
        _EXPORT,
        "{count} unit tidak berada di blok mana pun dan tidak dapat dibuka; yang pertama {member}.",
        _EXPORT_ID,
    ),
}

_IMPORT: dict[str, Text] = {
    "import_internal": _error(
        "The import failed because of an error of this server.",
        "Tell the operator; the log has the details under the id of the import job.",
        "Impor gagal karena galat pada peladen ini.",
        "Beri tahu operator; rinciannya ada di log dengan id pekerjaan impor.",
    ),
    "import_given_up": _error(
        "Storage or database could not be used, also after several tries.",
        "Upload the package again later.",
        "Penyimpanan atau basis data tidak dapat dipakai, juga setelah beberapa kali dicoba.",
        "Unggah paket lagi nanti.",
    ),
    "import_cancelled": _error(
        "The import was cancelled.",
        "Upload the package again when you want it.",
        "Impor dibatalkan.",
        "Unggah paket lagi bila Anda menginginkannya.",
    ),
    "thumbnail_unreadable": _warning(
        "No thumbnail could be made of this file: {detail}.",
        "Upload a picture for the course in the console; the course runs without it.",
        "Gambar mini tidak dapat dibuat dari berkas ini: {detail}.",
        "Unggah gambar untuk kursus ini di konsol; kursus tetap berjalan tanpanya.",
    ),
    "base_version_gone": _error(
        "The version in which a file was to be replaced has been deleted meanwhile.",
        "Replace the file again in the newest version.",
        "Versi yang berkasnya akan diganti telah dihapus sementara itu.",
        "Ganti berkasnya sekali lagi di versi terbaru.",
    ),
    "fetch_failed": _error(
        "The package could not be fetched from {url}: {detail}.",
        "Check that the address answers with the file itself, without a sign-in or a redirect, then start the import again.",
        "Paket tidak dapat diambil dari {url}: {detail}.",
        "Pastikan alamat itu menjawab dengan berkasnya sendiri, tanpa login atau pengalihan, lalu mulai impor lagi.",
    ),
}

MESSAGES: dict[str, Text] = {**_ZIP, **_XML, **_MANIFEST, **_OTHERS, **_SCHEMAS, **_IMPORT}
