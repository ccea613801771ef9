"""Examples of the operations about experiments."""

from collections.abc import Mapping

from services.api.openapi.examples.values import Example, Json

AS_NOW: Json = {"name": "as-now", "weight": 1.0, "options": {}}
DIVERSE: Json = {"name": "diverse", "weight": 1.0, "options": {"diversity": 0.4}}
EXPERIMENT: Json = {
    "name": "more-diverse",
    "share": 0.5,
    "starts": "2026-12-01T00:00:00Z",
    "ends": None,
    "running": True,
    "in_file": True,
    "variants": [AS_NOW, DIVERSE],
}

EXPERIMENTS: Mapping[str, Example] = {
    "listExperiments": Example(response={"experiments": [EXPERIMENT]}),
    "getExperiment": Example(
        {"experiment": "more-diverse"},
        response={
            "experiment": EXPERIMENT,
            "variants": [
                {
                    "variant": AS_NOW,
                    "listeners": 118,
                    "answers": 4120,
                    "listens": 18340,
                    "tracks": 6120,
                    "metrics": [
                        {
                            "metric": "skip_rate",
                            "value": 0.312,
                            "limits": {"low": 0.288, "high": 0.337},
                            "listeners": 112,
                            "difference": None,
                        }
                    ],
                },
                {
                    "variant": DIVERSE,
                    "listeners": 121,
                    "answers": 4377,
                    "listens": 19012,
                    "tracks": 8431,
                    "metrics": [
                        {
                            "metric": "skip_rate",
                            "value": 0.251,
                            "limits": {"low": 0.229, "high": 0.274},
                            "listeners": 117,
                            "difference": {
                                "value": -0.061,
                                "limits": {"low": -0.095, "high": -0.028},
                                "daily_limits": {"low": -0.112, "high": -0.01},
                                "decided": True,
                                "listeners_needed": 262,
                            },
                        }
                    ],
                },
            ],
            "warnings": [],
        },
    ),
}
