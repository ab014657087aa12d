"""The settings of a class: a TOML file, documented in hub/settings.toml."""

import dataclasses
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils.names import unknown_name

VARIABLE = "COURSE_HUB_SETTINGS"
SIGN_IN = ("pam", "shared", "oauth", "lti13")


class HubError(Exception):
    """Something about the class has to be put right first; the message says what."""


@dataclass(frozen=True)
class Settings:
    folder: Path
    homes: Path
    address: str = "http://127.0.0.1:800"
    certificate: str = ""
    key: str = ""
    hub_port: int = 881
    proxy_port: int = 801
    sign_in: str = "pam"
    instructor: str = "instructor"
    group: str = "course-students"
    idle_minutes: int = 60
    memory_gb: float = 6.0
    processes: int = 500
    cpus: int = 2

    @property
    def course(self) -> Path:
        """The instructor's: solutions, gradebook, what was handed in."""
        return self.folder / "course"

    @property
    def exchange(self) -> Path:
        return self.folder / "exchange"

    @property
    def handout(self) -> Path:
        """What every student gets a copy of."""
        return self.folder / "handout"

    @property
    def state(self) -> Path:
        """The hub's own: database, cookie secret, process ids."""
        return self.folder / "state"

    def home(self, user: str) -> Path:
        return self.homes / user


def load(path: Path | None = None) -> Settings:
    """The settings in `path`; by default in the file that the environment variable COURSE_HUB_SETTINGS names."""
    if path is None:
        if VARIABLE not in os.environ:
            raise HubError(f"Which class? Say where its settings are: {VARIABLE}=/srv/…/settings.toml (hub/README.md).")
        path = Path(os.environ[VARIABLE])
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise HubError(f"{path}: {error.strerror}. hub/settings.toml is a file to start from.") from None
    except ValueError as error:
        raise HubError(f"{path}: {error}") from None
    return parse(values, path)


def parse(values: dict[str, object], path: Path) -> Settings:
    known = {field.name: field for field in dataclasses.fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise HubError(f"{path}: {unknown_name('setting', name, known)}")
        kind = known[name].type
        expected: tuple[type, ...] = (str,) if kind in (str, Path) else (int, float) if kind is float else (int,)
        if isinstance(value, bool) or not isinstance(value, expected):
            raise HubError(f"{path}: {name} is {value!r}, expected {'a number' if int in expected else 'a text'}.")
        if isinstance(value, int | float) and value <= 0:
            raise HubError(f"{path}: {name} is {value!r}, expected a number above 0.")
    for name in ("folder", "homes"):
        if not Path(str(values.get(name, ""))).is_absolute():
            raise HubError(f"{path}: {name} is {values.get(name)!r}, expected an absolute path.")
    paths = {name: Path(str(values[name])) for name in ("folder", "homes")}
    settings = Settings(**{**values, **paths})  # type: ignore[arg-type]
    if settings.sign_in not in SIGN_IN:
        raise HubError(f"{path}: {unknown_name('sign_in', settings.sign_in, SIGN_IN)}")
    return settings
