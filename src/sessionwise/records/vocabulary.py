"""The words exports use for what the package knows: headers, codes, questionnaires."""

from __future__ import annotations

import re
import unicodedata


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = _words(
    "id ids nr no num number nummer code key kennung kurzel kuerzel name in of the der die das de "
    "des du total sum summe score value wert"
)
"""Words that may stand beside the one that counts."""

HEADERS: dict[str, tuple[str, ...]] = {
    "date": ("date", "datum", "day", "tag", "fecha", "dato", "sessiondate", "wann"),
    "attendance": (
        "attendance", "attended", "attend", "anwesend", "anwesenheit", "erschienen", "dna",
        "noshow", "showed", "presence", "presencia", "cancelled", "canceled", "status",
    ),
    "ending": (
        "ending", "ended", "discharge", "closure", "closed", "abschluss", "beendigung", "ende",
        "therapieende", "dropout", "abbruch", "termination", "completion", "completer",
        "entlassung", "endstatus", "uitval",
    ),
    "homework": ("homework", "hausaufgabe", "hausaufgaben", "assignment", "huiswerk", "hw"),
    "modality": ("modality", "mode", "format", "setting", "medium", "modus", "delivery"),
    "appointment": ("appointment", "appt", "termin", "afspraak", "cita"),
    "therapist": (
        "therapist", "counsellor", "counselor", "clinician", "practitioner", "psychologist",
        "therapeut", "therapeutin", "behandler", "behandlerin", "berater", "terapeuta", "provider",
        "therapeute",
    ),
    "clinic": (
        "clinic", "site", "praxis", "centre", "center", "service", "standort", "ambulanz",
        "klinik", "clinique", "clinica", "location",
    ),
    "course": ("course", "episode", "referral", "therapie", "verlauf"),
    "client": (
        "client", "patient", "klient", "patientin", "klientin", "participant", "person", "case",
        "subject", "fall", "teilnehmer", "proband", "pid", "pat", "clientid", "paciente", "id",
        "chiffre",
    ),
    "session": ("session", "sitzung", "visit", "seance", "sesion", "sessie", "contact", "kontakt"),
    "decided": ("decided",),
    "time": ("time", "zeit", "month", "months", "monat", "monate", "week", "weeks", "woche", "day"),
}  # fmt: skip
"""Role → words of its header, the more telling roles first: a `session date` is a date."""

PERSONAL = _words(
    "name vorname nachname surname firstname lastname birth birthday birthdate dob geburt "
    "geburtsdatum geburtstag address adresse strasse email mail postcode plz zip ssn nhs insurance "
    "versicherung versichertennummer notes note comment comments kommentar bemerkung bemerkungen "
    "notiz notizen text telefonnummer mobile handy"
)
"""Words of headers whose cells may name a person or hold free text."""

YES = _words("1 y yes j ja true wahr x oui o si s")
NO = _words("0 n no nein false falsch non")

CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "attendance": {
        "attended": (
            "attended", "att", "present", "came", "kept", "completed", "seen", "arrived", "held",
            "show", "showed", "erschienen", "anwesend", "wahrgenommen", "stattgefunden", "gekommen",
            "kam", "da", "venu", "asistio", "aanwezig", "attended on time", "attended late", "late",
            "erfolgt", "durchgefuhrt", "durchgefuehrt",
        ),
        "no_show": (
            "dna", "did not attend", "no show", "noshow", "ns", "fta", "failed to attend", "missed",
            "absent", "unexcused", "nicht erschienen", "unentschuldigt", "ferngeblieben", "fehlt",
            "versaumt", "versaeumt", "gefehlt", "niet verschenen", "no asistio",
        ),
        "cancelled": (
            "cancelled", "canceled", "cancel", "canc", "cnx", "cna", "could not attend",
            "cancelled by client", "cancelled by clinic", "cancelled by therapist", "rescheduled",
            "postponed", "abgesagt", "absage", "storniert", "entschuldigt", "verschoben", "annule",
            "cancelado", "afgezegd", "late cancellation",
        ),
    },
    "modality": {
        "in_person": (
            "in person", "inperson", "face to face", "f2f", "ftf", "prasenz", "praesenz", "vor ort",
            "onsite", "office", "presentiel", "presencial", "live", "personlich", "persoenlich",
        ),
        "video": ("video", "online", "zoom", "teams", "remote", "virtual", "videocall", "webcam"),
        "phone": ("phone", "telephone", "tel", "telefon", "telefonisch", "call", "telefono"),
    },
    "ending": {
        "planned": (
            "planned", "completed", "complete", "completer", "agreed", "mutual", "finished",
            "treatment completed", "completed treatment", "planned ending", "planned discharge",
            "regular", "regulaer", "geplant", "einvernehmlich", "abgeschlossen", "regular beendet",
            "goals met", "graduated", "termine", "completado",
        ),
        "unplanned": (
            "unplanned", "dropout", "drop out", "dropped out", "dropped", "disengaged", "lost",
            "lost to follow up", "ltfu", "abandoned", "abbruch", "abgebrochen", "vorzeitig",
            "einseitig", "self discharge", "withdrew", "withdrawn", "premature", "unilateral",
            "uitval", "abandon", "abandono", "noncompleter", "non completer", "did not complete",
            "stopped attending", "unplanned ending", "therapieabbruch", "ungeplant",
        ),
        "transferred": (
            "transferred", "transfer", "referred", "referred on", "referred elsewhere",
            "stepped up", "stepped down", "uberwiesen", "ueberwiesen", "verlegt",
            "weitervermittelt",
        ),
        "service_ended": (
            "service ended", "closed by service", "ended by service", "therapist left",
            "ended by therapist",
        ),
        "limit_reached": (
            "limit reached", "limit", "session limit", "max sessions", "maximum sessions",
            "kontingent", "kontingent ausgeschopft", "kontingent erschopft",
        ),
        "external": (
            "external", "moved", "moved away", "relocated", "umzug", "umgezogen", "illness",
            "krankheit", "deceased", "died", "verstorben",
        ),
        "never_started": (
            "never started", "not started", "did not start", "nicht begonnen", "nicht angetreten",
            "never attended", "declined",
        ),
        "ongoing": (
            "ongoing", "open", "active", "current", "in therapy", "in treatment",
            "still in therapy", "still in treatment", "still open", "laufend", "lauft",
            "lauft noch", "offen", "in behandlung", "lopend", "en cours", "en curso",
        ),
    },
    "homework": {"1": ("done", "erledigt", "gemacht", "complete"), "0": ("not done", "none")},
}  # fmt: skip
"""Role → word of the package → what exports write for it."""

ALIASES: dict[str, tuple[str, ...]] = {
    "srs": ("srs", "sessionratingscale"),
    "ors": ("ors", "outcomeratingscale"),
    "wai_sr": ("waisr", "wai", "wais", "workingallianceinventory"),
    "phq9": ("phq9", "phq"),
    "gad7": ("gad7", "gad"),
    "core10": ("core10", "core"),
    "care": ("care",),
    "bdi2": ("bdi2", "bdiii", "bdi"),
}
"""Instrument → its names in headers, the surest first."""

UNSURE_ALIASES = {
    "wai": "there are several forms of the WAI; this takes it for the WAI-SR",
    "core": "there are several CORE measures; this takes it for the CORE-10",
    "bdi": "there are two editions of the BDI; this takes it for the second",
}
ALLIANCE = ("srs", "wai_sr", "care")
OUTCOME = ("ors", "phq9", "core10", "gad7", "bdi2")

SENTINELS = (8, 9, 77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 9999, -1, -7, -8, -9, -77, -88,
             -99, -999, -9999)  # fmt: skip
"""Numbers that usually mean 'not answered' where they cannot be answers."""

MISSING_WORDS = _words(
    "- -- ? * k.a. ka missing none n.a. #n/a #null! nb n.b. fehlt leer unbekannt unknown refused"
) | {"keine angabe", "not done", "not answered", "not applicable"}


def folded(text: str) -> str:
    """Give words without capitals, accents and signs, one space apart.

    Examples
    --------
    >>> folded("Präsenz / vor-Ort")
    'prasenz vor ort'
    """
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", " ", ascii_only).strip()


def header_words(header: str) -> list[str]:
    """Give the words of a header, also where capitals part them.

    Examples
    --------
    >>> header_words("KlientenNr"), header_words("session_date")
    (['klienten', 'nr'], ['session', 'date'])
    """
    return folded(re.sub(r"(?<=[a-zäöüß])(?=[A-Z])", " ", header)).split()
