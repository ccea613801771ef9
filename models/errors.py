"""The errors of an analysis.

* AnalysisError
  * UnreadableAudio: the file is not audio in a supported format, or it is damaged.
  * RefusedAudio: the audio is decodable, but silent, too short or otherwise outside the limits.
  * NeedsFfmpeg: only ffmpeg decodes the format, and no ffmpeg can be started.
  * UnreadablePicture: the file is not a picture in a supported format, or it is damaged.
  * RefusedPicture: the picture is larger than the limits.
  * UnreadableVideo: the file is not a video that ffmpeg decodes, or it is damaged.
  * RefusedVideo: the video is too short or too long.
  * DecoderFailed: the decoder died on this file, was stopped at a limit, or sent an invalid result.
* SandboxUnavailable: no decoder can be started; no fault of the file.

Each message is one phrase for a person, without a traceback or a path.
"""


class AnalysisError(Exception):
    """The file cannot be analysed; the message is the reason."""


class UnreadableAudio(AnalysisError):  # noqa: N818  "Error" would say less than the name does
    """The file is not audio in a supported format, or it is damaged."""


class RefusedAudio(AnalysisError):  # noqa: N818
    """The audio is decodable but outside the limits of the analysis."""


class NeedsFfmpeg(AnalysisError):  # noqa: N818
    """Only ffmpeg decodes the format, and no ffmpeg can be started."""


class UnreadablePicture(AnalysisError):  # noqa: N818
    """The file is not a picture in a supported format, or it is damaged."""


class RefusedPicture(AnalysisError):  # noqa: N818
    """The picture is larger than the limits."""


class UnreadableVideo(AnalysisError):  # noqa: N818
    """The file is not a video that ffmpeg decodes, or it is damaged."""


class RefusedVideo(AnalysisError):  # noqa: N818
    """The video is too short or too long."""


class DecoderFailed(AnalysisError):  # noqa: N818
    """The decoder died on this file, was stopped at a limit, or sent an invalid result."""


class SandboxUnavailable(Exception):  # noqa: N818
    """No decoder can be started on this machine; the message is the reason."""
