{{/* The labels by which a component's pods are selected. Takes root and name. */}}
{{- define "segue.selector" -}}
app.kubernetes.io/name: segue
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{/* A selector of a component's pods on one line. Takes root and name. */}}
{{- define "segue.matched" -}}
{{ dict "matchLabels" (include "segue.selector" . | fromYaml) | toJson }}
{{- end -}}

{{/* All labels of a component. Takes root and name. */}}
{{- define "segue.labels" -}}
{{ include "segue.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Name and labels of an object. Takes root and name. */}}
{{- define "segue.metadata" -}}
name: {{ .root.Release.Name }}-{{ .name }}
labels: {{- include "segue.labels" . | nindent 2 }}
{{- end -}}

{{/* The reference of an image. Takes root and image. */}}
{{- define "segue.image" -}}
{{- $image := index .root.Values.images .image -}}
{{ $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end -}}

{{/* The addresses of the nodes of Qdrant. */}}
{{- define "segue.qdrantUrl" -}}
{{- if .Values.qdrant.url }}{{ .Values.qdrant.url }}{{ else -}}
{{- $nodes := list -}}
{{- range $number := until (int .Values.qdrant.replicas) -}}
{{- $nodes = append $nodes (printf "http://%s-qdrant-%d.%s-qdrant:6333" $.Release.Name $number $.Release.Name) -}}
{{- end -}}
{{ join "," $nodes }}
{{- end }}
{{- end -}}
