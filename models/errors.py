"""Why a file could not be analysed.

* AnalysisError
  * UnreadableAudio: the bytes are not audio that Segue decodes, or they are damaged.
  * RefusedAudio: the audio decodes, but is too short, silent or outside the limits.
  * DecoderFailed: the decoder died or was stopped on this file, or what it answered is no music.
* SandboxUnavailable: no decoder can be started; no fault of a file's.

The message is for a person: what is wrong, without a traceback or a path.
"""


class AnalysisError(Exception):
    """A file that gives no analysis, with a reason a person understands."""


class UnreadableAudio(AnalysisError):  # noqa: N818  "Error" would say less than the name does
    """The file is not audio in a supported format, or it is damaged."""


class RefusedAudio(AnalysisError):  # noqa: N818
    """The audio decodes but is outside the limits that Segue analyses."""


class DecoderFailed(AnalysisError):  # noqa: N818
    """The decoder died on this file, was stopped at a limit, or answered with what no recording holds."""


class SandboxUnavailable(Exception):  # noqa: N818
    """No decoder can be started on this machine now; the message says why."""
