"""`segue backup` and `segue restore`, as a person meets them."""

from pathlib import Path

from services.cli import output
from services.settings import load_settings
from services.storage import backup as catalogue_backup


def backup(file: Path, *, as_json: bool) -> None:
    """Write a backup and say what is in it, and what is not."""
    settings = load_settings()
    manifest = catalogue_backup.backup(settings, file.expanduser().absolute())
    if as_json:
        output.print_json({"file": str(file), "rows": manifest.rows, "revision": manifest.revision})
        return
    output.note(f"{file} holds the catalogue ({_sum(manifest.rows)} rows) and the settings, without secrets.")
    if settings.uploads_path.exists():
        output.note(f"Uploaded audio is not in it: copy {settings.uploads_path} as well.")


def restore(file: Path, *, as_json: bool) -> None:
    """Restore a backup and say what is left to do."""
    restored = catalogue_backup.restore(load_settings(), file.expanduser().absolute())
    if as_json:
        kept_settings = restored.settings_file and str(restored.settings_file)
        output.print_json(
            {
                "rows": restored.manifest.rows,
                "kept": restored.kept,
                "settings_file": kept_settings,
                "revoked": restored.revoked,
            }
        )
        return
    output.note(f"The catalogue is as it was at {restored.manifest.made_at} ({_sum(restored.manifest.rows)} rows).")
    if restored.kept is not None:
        output.note(f"The one from before is kept: {restored.kept}")
    if restored.revoked is None:
        output.note("No catalogue was here to say which keys were revoked since: look through `segue keys list`.")
    elif restored.revoked:
        output.note(f"{restored.revoked} keys that were revoked since the backup stay revoked.")
    if restored.settings_file is not None:
        output.note(f"Settings of the backup that differ from yours are in {restored.settings_file}; nothing reads it.")
    output.note("The index is built anew when Segue starts.")


def _sum(rows: dict[str, int]) -> int:
    return sum(rows.values())
