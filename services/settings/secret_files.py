"""Secrets from files: `SEGUE_REDIS_URL_FILE` names the file that holds the value of `SEGUE_REDIS_URL`."""

import os
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from services.domain.errors import NotConfigured

SUFFIX = "_FILE"


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting is a secret, which a file may hold."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


class SecretFiles(PydanticBaseSettingsSource):
    """The source of secrets in files. It comes after the variables: a variable with the value itself wins."""

    def __init__(self, settings_class: type[BaseSettings]) -> None:
        super().__init__(settings_class)
        self._prefix = str(self.config.get("env_prefix", ""))

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the file that the variable of a secret names; None without one or if it is empty.

        Raises:
            NotConfigured: the file cannot be read.
        """
        variable = f"{self._prefix}{field_name.upper()}{SUFFIX}"
        name = os.environ.get(variable) if is_secret(field) else None
        if not name:
            return None, field_name, False
        try:
            return Path(name).read_text(encoding="utf-8").rstrip("\r\n") or None, field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise NotConfigured(f"{variable}: the file '{name}' cannot be read: {reason}.") from error

    def __call__(self) -> dict[str, Any]:
        """Return the secrets that are in files."""
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}
