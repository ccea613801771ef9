"""Parameters of every method."""

from pydantic import BaseModel, ConfigDict, Field


class SubsonicQuery(BaseModel):
    """Parameters of every method; unknown parameters are ignored."""

    model_config = ConfigDict(extra="ignore")

    u: str | None = Field(default=None, description="User name.")
    p: str | None = Field(default=None, description="Password, plain or as `enc:` and hexadecimal digits.")
    t: str | None = Field(default=None, description="Token: MD5 of the password and the salt, in hexadecimal digits.")
    s: str | None = Field(default=None, description="Salt of the token.")
    apiKey: str | None = Field(default=None, description="An API key, instead of `u`, `p`, `t` and `s`.")
    v: str | None = Field(default=None, description="The client's version of the protocol; ignored.")
    c: str | None = Field(default=None, description="The client's name; ignored.")
    f: str = Field(default="xml", description="Format of the response: `xml`, `json` or `jsonp`.")
    callback: str | None = Field(default=None, description="With `jsonp`: the function to call, a plain identifier.")
