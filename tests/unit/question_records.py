"""The packaged clinic with columns changed, for the tests of the named questions."""

from sessionwise.records.sessions import Sessions


def again(s: Sessions, **changed: object) -> Sessions:
    """The records with columns changed, or left out where ``None`` is given."""
    frame = s.frame[["client", "therapist", "session", "date", "ors", "srs", "severity", "ending"]]
    gone = [name for name, values in changed.items() if values is None]
    kept = {name: values for name, values in changed.items() if values is not None}
    return Sessions.of(frame.drop(columns=gone).assign(**kept), level={"severity": "course"})


def left_out(fit) -> int:
    return sum(many for _, many in fit.rows.left_out)
