"""How the attributes of a class changed from one version of its state to the next.

The version of a state is the number of changes before it, and is written beside it; a folder without one has version 0.
A change takes the attributes as they were written and gives those of the next version; it is never altered afterwards.
"""

from toolkit.exceptions import CheckpointError

__all__ = ["MIGRATIONS", "migrate", "state_version"]


def _committee_without_method(state):
    """It held a method of its identifier, which held it; now it knows how many members may be at work."""
    return {name: value for name, value in state.items() if name != "run"} | {"n_jobs": None}


def _learned_without_first(state):
    """It held a method of the toolbox that held it, of use in training only."""
    return {name: value for name, value in state.items() if name != "first"}


MIGRATIONS = {
    "identifier-ensemble": (_committee_without_method,),
    "learned-restorer": (_learned_without_first,),
}


def state_version(name):
    """Version of the attributes that the class of that id has now."""
    return len(MIGRATIONS.get(name, ()))


def migrate(name, state, version):
    """Attributes of the class of that id as they are now, from those of ``version``.

    Raises
    ------
    CheckpointError
        The version is none, or newer than this one of the toolkit.
    """
    changes = MIGRATIONS.get(name, ())
    if type(version) is not int or not 0 <= version <= len(changes):
        raise CheckpointError(
            f"holds a {str(name)[:80]!r} of version {str(version)[:20]}, where this toolkit knows 0 to {len(changes)}"
        )
    for change in changes[version:]:
        state = change(state)
    return state
