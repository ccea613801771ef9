// All images for both architectures: docker buildx bake --file deploy/docker-bake.hcl
// With `--push` and REGISTRY=registry.example/ they go to a registry. The result has an SBOM and the provenance of each image.

variable "REGISTRY" { default = "" }
variable "VERSION" { default = "0.1.0" }
variable "TORCH_INDEX" { default = "" }
variable "INSTALL_FFMPEG" { default = "" }
variable "TRACING" { default = "" }

group "default" {
  targets = ["api", "worker", "all-in-one"]
}

target "common" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
  args      = { TRACING = TRACING }
}

target "api" {
  inherits   = ["common"]
  dockerfile = "deploy/api.Dockerfile"
  tags       = ["${REGISTRY}segue-api:${VERSION}"]
}

target "worker" {
  inherits   = ["common"]
  dockerfile = "deploy/worker.Dockerfile"
  tags       = ["${REGISTRY}segue-worker:${VERSION}"]
  args       = { TORCH_INDEX = TORCH_INDEX, INSTALL_FFMPEG = INSTALL_FFMPEG }
}

target "all-in-one" {
  inherits   = ["common"]
  dockerfile = "deploy/all-in-one.Dockerfile"
  tags       = ["${REGISTRY}segue:${VERSION}"]
  args       = { TORCH_INDEX = TORCH_INDEX, INSTALL_FFMPEG = INSTALL_FFMPEG }
}
