"""What is said about values that are not allowed, in requests and in files."""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "missing": "{name} is required",
    "extra_forbidden": "Unknown {kind} {name}",
    "greater_than_equal": "{name} must be at least {ge}",
    "greater_than": "{name} must be greater than {gt}",
    "less_than_equal": "{name} must be at most {le}",
    "less_than": "{name} must be less than {lt}",
    "string_too_short": "{name} must not be empty",
    "string_too_long": "{name} must have at most {max_length} characters",
    "string_pattern_mismatch": "{name} must match the pattern {pattern}",
    "too_short": "{name} must not be empty",
    "too_long": "{name} must have at most {max_length} items",
    "enum": "{name} must be {expected}",
    "literal_error": "{name} must be {expected}",
    "finite_number": "{name} must be a finite number",
    **dict.fromkeys(("string_type", "string_unicode"), "{name} must be a string"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "{name} must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "{name} must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "{name} must be true or false"),
    **dict.fromkeys(("uuid_type", "uuid_parsing"), "{name} must be a UUID"),
    **dict.fromkeys(("list_type", "tuple_type"), "{name} must be an array"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "{name} must be an object"),
    "is_instance_of": "{name} must be a file",
    "repeated": "{name} must be given only once",
}
"""Messages by pydantic's type of error; they name the field and may use the error's context."""
