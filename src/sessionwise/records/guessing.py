"""Which columns of an export are what the package knows by name: client, session, date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from sessionwise.records.contents import Cells, constant_within, date_formats
from sessionwise.records.guess import Guess, counted
from sessionwise.records.vocabulary import CODES, FILLERS, HEADERS, NO, YES, folded, header_words

MOST_CODES = 20
STEM = 5
CONTENT_ROLES = ("attendance", "ending", "modality")


def roles_of(header: str) -> dict[str, int]:
    """Give the roles a header's words speak for, with the number of words left over.

    Examples
    --------
    >>> roles_of("Klienten-Nr"), roles_of("session date")
    ({'client': 0}, {'date': 0, 'session': 1})
    """
    words = header_words(header)
    joined = "".join(words)
    roles = {}
    for role, nouns in HEADERS.items():
        hits = [word for word in words if _speaks_for(word, nouns) and not _filler(word, words)]
        if joined in nouns:
            hits = words
        if hits:
            others = set(words) - set(hits) - FILLERS
            roles[role] = len(others)
    return roles


def _filler(word: str, words: list[str]) -> bool:
    return word in FILLERS and len(words) > 1


def _speaks_for(word: str, nouns: tuple[str, ...]) -> bool:
    """Say whether a word is one of the nouns, or a compound of one."""
    return any(
        word == noun or (len(noun) >= STEM and (word.startswith(noun) or word.endswith(noun)))
        for noun in nouns
    )


def guessed_client(cells: Mapping[str, Cells]) -> Guess | None:
    """Say which column names the client: by its header, else by what its cells do."""
    rows = len(next(iter(cells.values())).text)
    named = [(roles_of(h)["client"], "name" in header_words(h), h) for h in cells
             if next(iter(roles_of(h)), "") == "client" and cells[h].filled]  # fmt: skip
    if named:
        header = min(named, key=lambda one: one[:2])[2]
        return Guess("client", header, _repeats(cells[header], rows))
    clocks = [h for h in cells if {"session", "date", "appointment"} & set(roles_of(h))]
    candidates = []
    for header, column in cells.items():
        repeated = 2 <= column.distinct < column.filled == rows
        if header in clocks or not repeated or (column.numeric and not column.whole):
            continue
        pairs = pd.DataFrame({"id": column.text} | {c: cells[c].text for c in clocks})
        if clocks and pairs.duplicated().mean() <= 0.02:
            candidates.append((column.distinct, header))
    if not candidates:
        return None
    header = max(candidates)[1]
    doubt = "no header says 'client'; this column repeats over rows as a client's would"
    return Guess("client", header, _repeats(cells[header], rows), doubt=doubt)


def _repeats(cells: Cells, rows: int) -> str:
    said = "repeats over rows" if cells.distinct < rows else "one in each row"
    return f"{counted(cells.distinct, 'different value')}, {said}"


def guessed_roles(cells: Mapping[str, Cells], client: pd.Series) -> list[Guess]:
    """Say which columns have a role, the best column for each role."""
    guesses: list[Guess] = []
    taken: set[str] = set()
    for role in ("date", *CONTENT_ROLES, "homework", "therapist", "clinic", "course",
                 "appointment", "session", "decided", "time"):  # fmt: skip
        candidates = []
        for header, column in cells.items():
            others = roles_of(header).get(role)
            if header in taken or not column.filled or (others is None and role not in CODES):
                continue
            guess = _fits(role, column, client, others)
            if guess:
                candidates.append((others is None, not guess.active, others or 0, guess))
        if candidates:
            best = min(candidates, key=lambda one: one[:3])[3]
            if role == "time" and {"date", "session"} & {guess.name for guess in guesses}:
                continue
            guesses.append(best)
            taken.add(best.source)
    return _counting(guesses, cells)


def _fits(role: str, cells: Cells, client: pd.Series, others: int | None) -> Guess | None:
    """Hold the cells to what a role needs; nothing if they cannot be that.

    ``others`` is the number of words of the header that say something else; none: unnamed.
    """
    if role == "date":
        return _date(cells, client)
    if role in CODES:
        return _coded(role, cells, client, named=others is not None)
    said = f"{counted(cells.distinct, 'different value')}"
    if role in ("therapist", "clinic"):
        fits = cells.distinct < cells.filled or len(cells.text) < MOST_CODES
        return Guess(role, cells.source, said) if fits and not date_formats(cells)[0] else None
    if role == "time":
        return Guess(role, cells.source, f"{said}, numbers") if cells.numeric else None
    if role == "decided":
        flags = cells.numbers.dropna().isin([0, 1]).all() and cells.numeric
        return Guess(role, cells.source, "0 and 1") if flags else None
    if not (cells.whole and cells.numbers.between(0, 1000).mean() > 0):
        return None
    largest = cells.numbers.max()
    if role == "course":
        return Guess(role, cells.source, f"{said}, whole numbers") if largest <= 100 else None
    twice = pd.DataFrame({"client": client, "n": cells.numbers}).dropna().duplicated().mean()
    why = f"whole numbers from {cells.numbers.min():g} to {largest:g}"
    counts = largest <= 1000 and (others == 0 or twice < 0.5)
    return Guess(role, cells.source, why) if counts else None


def _date(cells: Cells, client: pd.Series) -> Guess | None:
    """Find the one format all dates are written in."""
    formats, share = date_formats(cells)
    repeats = bool(client.duplicated().any())
    if share < 0.5 or (repeats and constant_within(cells.text, client)):
        return None
    keys = {} if formats[0] == "%Y-%m-%d" else {"format": formats[0]}
    guess = Guess("date", cells.source, f"every cell fits {formats[0]}", keys)
    if share < 1:
        doubt = "no one format fits every cell; `sessionwise check` names the rows"
        return replace(guess, why=f"{share:.0%} of the values fit {formats[0]}", doubt=doubt)
    if "%y" in formats[0]:
        doubt = "years of two digits do not say the century; export four-digit years, write %Y"
        return replace(guess, doubt=doubt, active=False)
    if len(formats) > 1:
        listed = " and ".join(formats)
        doubt = f"every cell fits {listed}; the more likely one is written, look before using it"
        return replace(guess, doubt=doubt, active=False)
    return guess


def settled_date(date: Guess, cells: Cells, client: pd.Series, order: pd.Series | None) -> Guess:
    """Decide between day first and month first: dates must not fall while sessions rise.

    Parameters
    ----------
    date
        The guess; where one format fits, it is given back as it is.
    cells, client
        The dates, and whose they are.
    order
        Session or appointment numbers; without them the order of the rows tells what is likelier.
    """
    formats, share = date_formats(cells)
    if share < 1 or len(formats) < 2 or "%y" in formats[0]:
        return date
    counts = {form: _falls(cells.text, form, client, order) for form in formats}
    likely = min(formats, key=lambda form: counts[form])
    without = [form for form in formats if counts[form] == 0]
    keys = {"format": likely} if likely != "%Y-%m-%d" else {}
    if order is not None and len(without) == 1:
        why = f"fits {likely}; read as {' or '.join(f for f in formats if f != likely)}, later"
        return replace(date, why=f"{why} sessions would have earlier dates", keys=keys,
                       doubt="", active=True)  # fmt: skip
    return replace(date, keys=keys)


def _falls(text: pd.Series, form: str, client: pd.Series, order: pd.Series | None) -> int:
    """Count how often a client's next date would lie before the last one."""
    rows = pd.DataFrame({
        "client": client,
        "order": range(len(text)) if order is None else order,
        "date": pd.to_datetime(text, format=form, errors="coerce"),
    }).dropna().sort_values(["client", "order"], kind="stable")  # fmt: skip
    return int((rows.groupby("client")["date"].diff() < pd.Timedelta(0)).sum())


def _coded(role: str, cells: Cells, client: pd.Series, named: bool) -> Guess | None:
    """Translate the codes of a category; nothing if too few are known."""
    values = cells.text.dropna()
    present = sorted(values.unique())
    if len(present) > MOST_CODES:
        return None
    known = _translated(role, present, header_words(cells.source) if named else [])
    if role == "homework" and cells.numeric and cells.numbers.dropna().between(0, 1).all():
        return Guess(role, cells.source, "numbers from 0 to 1", {"missing": list(cells.strange)}
                     if cells.strange else {}) if named else None  # fmt: skip
    share = values.isin(known).mean()
    if not named and (not known or share < 0.6 or role == "homework"):
        return None
    rivals = [_translated(other, present, []) for other in CONTENT_ROLES if other != role]
    if any(values.isin(rival).mean() > share for rival in rivals):
        return None
    counts = values.value_counts()
    people = client[values.index].groupby(values).nunique()
    open_codes = [code for code in present if code not in known]
    shown = tuple((c, int(counts[c])) for c in open_codes if people[c] > 1 and len(c) <= 40)
    codes = known if open_codes or any(code != word for code, word in known.items()) else {}
    said = f"{counted(len(present), 'code')}, {len(known)} of them understood"
    hidden = len(open_codes) - len(shown)
    doubts = [f"{counted(len(shown), 'code')} to be filled in"] * bool(shown)
    if not known:
        doubts.insert(0, "none of its codes is understood, so it is not read yet")
    if hidden:
        doubts.append(
            f"{counted(hidden, 'more code')}, each with one client only, not written here; add to "
            f"[columns.{role}.codes] what `sessionwise check` finds"
        )
    if values.size < len(cells.text) and role == "attendance":
        empty = counted(len(cells.text) - values.size, "empty cell")
        doubts.append(f"{empty}: every appointment must say whether the client came")
    return Guess(role, cells.source, said, {}, codes, shown, "; ".join(doubts), bool(known))


def _translated(role: str, present: list[str], header: list[str]) -> dict[str, str]:
    """Give the words for those codes that are known; yes and no mean what the header says."""
    words = {phrase: word for word, phrases in CODES[role].items() for phrase in phrases}
    words |= {folded(word): word for word in CODES[role]}
    if role in ("attendance", "ending", "homework") and header:
        says = words.get(" ".join(header)) or next((words[w] for w in header if w in words), "")
        yes = says or {"attendance": "attended", "homework": "1"}.get(role, "")
        no = {"attended": "no_show", "no_show": "attended", "cancelled": "attended", "1": "0"}
        words |= dict.fromkeys(YES, yes) if yes else {}
        words |= dict.fromkeys(NO, no[yes]) if yes in no else {}
    if role == "attendance":  # "cancelled by …", "attended by …": what comes first counts
        words |= {
            folded(code): word
            for code in present
            for phrase, word in list(words.items())
            if len(phrase) > STEM and folded(code).startswith(f"{phrase} ")
        }
    return {code: words[folded(code)] for code in present if folded(code) in words}


def _counting(guesses: list[Guess], cells: Mapping[str, Cells]) -> list[Guess]:
    """Call a count `appointment` if it goes on over appointments nobody came to."""
    found = {guess.name: guess for guess in guesses}
    session, attendance = found.get("session"), found.get("attendance")
    if session and attendance and "appointment" not in found:
        words = cells[attendance.source].text.map(lambda code: attendance.codes.get(code, code))
        away = words.isin(["no_show", "cancelled"])
        if away.any() and cells[session.source].numbers[away].notna().mean() > 0.5:
            why = f"{session.why}; also counts appointments that were not attended"
            return [replace(g, name="appointment", why=why) if g is session else g for g in guesses]
    if "appointment" in found and not {"session", "date", "time"} & set(found):
        new = "time" if attendance else "session"
        was = found["appointment"]
        return [replace(g, name=new) if g is was else g for g in guesses]
    return guesses
