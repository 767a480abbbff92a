"""All settings together: read with errors that can be mended, and told as one table."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy import make_url

from features.errors import DocumentRefused, shorten
from models.workspace import Workspace
from serving.access.settings import AccessSettings
from serving.logs import cut
from serving.settings import FILE, PREFIX, SECRETS_DIR, Configured, ServerSettings, Settings

KINDS: tuple[type[Configured], ...] = (ServerSettings, Settings, AccessSettings)
"""Every class of settings there is."""
_K = TypeVar("_K", bound=Configured)


class SettingsRefused(DocumentRefused):
    """A setting is none, or has a value that it may not have."""


@dataclass(frozen=True)
class Setting:
    """One setting as it is documented.

    Attributes:
        name: in `leadpact.toml`.
        variable: in the environment.
        allowed: what it may be.
        default: as text; "" when there is none.
        says: what it does.
        secret: its value is shown nowhere.
    """

    name: str
    variable: str
    allowed: str
    default: str
    says: str
    secret: bool


def configured(kind: type[_K], workspace: Path, **told: Any) -> _K:
    """The settings of one kind for a workspace; `told` wins over everything.

    Raises:
        SettingsRefused: naming file or variable, setting, what it is and what it may be.
    """
    _require_known(workspace)
    said = {k: v for k, v in told.items() if v is not None}
    try:
        return kind(workspace=workspace, **said)
    except ValidationError as error:
        faults = [_fault(kind, workspace, e["loc"], e["input"]) for e in error.errors()]
        raise SettingsRefused(" ".join(faults)) from error


def store_url(settings: Settings) -> str:
    """The URL of the store that is set, with its password, or of the workspace's own."""
    if not settings.database_url:
        return f"sqlite:///{Workspace(settings.workspace).store.resolve()}"
    url = make_url(settings.database_url)
    if settings.database_password is not None and url.password is None:
        url = url.set(password=settings.database_password.get_secret_value())
    return url.render_as_string(hide_password=False)


def declared() -> Iterator[tuple[type[Configured], Setting]]:
    """Every setting, with the class that declares it."""
    for kind in KINDS:
        for name, field in kind.model_fields.items():
            if name != "workspace":
                yield kind, _setting(name, field)


def as_markdown() -> str:
    """The table of settings as in `docs/operations.md`."""
    lines = ["| setting | may be | default | what it does |", "|---|---|---|---|"]
    lines += [
        f"| `{s.name}` | {s.allowed} | {f'`{s.default}`' if s.default else ''} | {s.says} |"
        for _, s in declared()
    ]
    return "\n".join(lines) + "\n"


def values_now(workspace: Path) -> Iterator[tuple[Setting, str, str]]:
    """Every setting with its value, secrets masked, and where that comes from.

    Raises:
        SettingsRefused: as `configured` does.
    """
    read = {kind: configured(kind, workspace) for kind in KINDS}
    for kind, setting in declared():
        value = getattr(read[kind], setting.name)
        shown = "" if value is None else "set" if setting.secret else cut(_text(value))
        yield setting, shown, _source(setting.name, workspace)


def _setting(name: str, field: FieldInfo) -> Setting:
    secret = SecretStr in _kinds(field)
    default = "" if field.default is None else _text(field.default)
    says = field.description or ""
    return Setting(name, PREFIX + name.upper(), _allowed(field), default, says, secret)


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    """The types that a field may be of: `int | None` is of both."""
    if get_origin(field.annotation) is Literal:
        return (field.annotation,)
    return get_args(field.annotation) or (field.annotation,)


def _allowed(field: FieldInfo) -> str:
    kinds = _kinds(field)
    if get_origin(kinds[0]) is Literal:
        return ", ".join(f"`{v}`" for v in get_args(kinds[0]))
    if bool in kinds:
        return "`true`, `false`"
    word = {int: "a whole number", float: "a number"}.get(kinds[0])
    if word is None:
        return "a secret" if SecretStr in kinds else "a text"
    bounds = {n: getattr(m, n) for m in field.metadata for n in ("ge", "le") if hasattr(m, n)}
    low, high = (f"{bounds[n]:,}" if n in bounds else None for n in ("ge", "le"))
    if high is None:
        return word if low is None else f"{word}, {low} or more"
    return f"{word} from {low} to {high}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _file_of(workspace: Path) -> dict[str, Any]:
    path = workspace / FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsRefused(f"{path} cannot be read as TOML: {error}.") from error


def _require_known(workspace: Path) -> None:
    names = {setting.name for _, setting in declared()}
    secrets = os.environ.get(SECRETS_DIR)
    if secrets and not Path(secrets).is_dir():
        raise SettingsRefused(f"{SECRETS_DIR} is {shorten(secrets)}, which is no folder.")
    unknown = sorted(_file_of(workspace).keys() - names)
    if unknown:
        raise SettingsRefused(
            f"{workspace / FILE}: there is no setting {', '.join(map(shorten, unknown))}. "
            "`leadpact settings` prints those there are."
        )


def _fault(kind: type[Configured], workspace: Path, place: tuple[Any, ...], got: object) -> str:
    name = str(place[0])
    setting = _setting(name, kind.model_fields[name])
    shown = "a value that is not shown" if setting.secret else shorten(cut(str(got)))
    source = _source(name, workspace)
    where = {"environment": setting.variable, "secret": f"{SECRETS_DIR}/{setting.variable}"}
    at = where.get(source, f"{workspace / FILE}: {name}" if source == FILE else name)
    allowed = "`postgresql://...` or `sqlite:///...`" if name == "database_url" else setting.allowed
    return f"{at} is {shown}. Allowed: {allowed.replace('`', '')}."


def _source(name: str, workspace: Path) -> str:
    """Where a setting's value comes from: environment, secret, the file, or default."""
    variable = (PREFIX + name).lower()
    if variable in {k.lower() for k in os.environ}:
        return "environment"
    folder = os.environ.get(SECRETS_DIR)
    if folder and any(p.name.lower() == variable for p in Path(folder).iterdir()):
        return "secret"
    return FILE if name in _file_of(workspace) else "default"
