{{/* The environment of every process. Takes root. */}}
{{- define "segue.environment" -}}
{{- range .root.Values.secret.keys }}
- {name: {{ . }}_FILE, value: /run/secrets/segue/{{ . }}}
{{- end }}
- {name: SEGUE_QDRANT_URL, value: {{ include "segue.qdrantUrl" .root | quote }}}
{{- if not .root.Values.qdrant.url }}
- {name: SEGUE_QDRANT_REPLICATION, value: {{ min .root.Values.qdrant.replication .root.Values.qdrant.replicas | quote }}}
{{- end }}
{{- if not (hasKey .root.Values.settings "SEGUE_LIBRARY_ROOTS") }}
- {name: SEGUE_LIBRARY_ROOTS, value: /music}
{{- end }}
{{- range $name, $value := .root.Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
# On disk, because uploads are too large for memory.
- {name: TMPDIR, value: /tmp}
{{- end -}}

{{/* What every pod has. Takes root, name and values. */}}
{{- define "segue.scheduling" -}}
automountServiceAccountToken: false
enableServiceLinks: false
# With a dead resolver a name fails after 1 s, as in compose.yaml.
dnsConfig: {options: [{name: timeout, value: "1"}, {name: attempts, value: "1"}]}
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Replicas on different machines and in different zones. Takes root, name and, for machines, whenUnsatisfiable. */}}
{{- define "segue.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: {{ .whenUnsatisfiable }}
    labelSelector: {{ include "segue.matched" . }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {{ include "segue.matched" . }}
{{- end -}}

{{- define "segue.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/*
The pod of a component of Segue. Takes root, name, image, values, mounts (of files, music, data), and optionally
command, environment, ports, checks, lifecycle, graceSeconds and restartPolicy.
*/}}
{{- define "segue.pod" -}}
metadata:
  labels: {{- include "segue.labels" . | nindent 4 }}
  annotations:
    checksum/files: {{ toJson .root.Values.files | sha256sum }}  # processes read them when they start
spec:
  {{- include "segue.scheduling" . | nindent 2 }}
  {{- include "segue.spread" (merge (dict "whenUnsatisfiable" "ScheduleAnyway") .) | nindent 2 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    supplementalGroups: [{{ .root.Values.music.group }}]
    seccompProfile: {type: RuntimeDefault}
  # The pause container reaps decoders that are left without a parent.
  shareProcessNamespace: true
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .graceSeconds | default 20 }}
  containers:
    - name: {{ .name }}
      image: {{ include "segue.image" . | quote }}
      imagePullPolicy: {{ .root.Values.images.pullPolicy }}
      {{- with .command }}
      command: {{ toJson . }}
      {{- end }}
      env:
        {{- with .environment }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- include "segue.environment" . | nindent 8 }}
      {{- with .ports }}
      ports: {{ toJson . }}
      {{- end }}
      {{- with .checks }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- with .lifecycle }}
      lifecycle: {{ toJson . }}
      {{- end }}
      resources: {{- toYaml .values.resources | nindent 8 }}
      securityContext: {{- include "segue.hardened" . | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: secret, mountPath: /run/secrets/segue, readOnly: true}
        {{- if and .root.Values.files (has "files" .mounts) }}
        - {name: files, mountPath: /etc/segue/files, readOnly: true}
        {{- end }}
        {{- if has "music" .mounts }}
        - {name: music, mountPath: /music, readOnly: true}
        {{- end }}
        {{- if has "data" .mounts }}
        - {name: data, mountPath: /data}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 2Gi}
    - name: secret
      secret:
        secretName: {{ .root.Values.secret.name }}
        defaultMode: 0440
        items:
          {{- range .root.Values.secret.keys }}
          - {key: {{ . }}, path: {{ . }}}
          {{- end }}
    {{- if and .root.Values.files (has "files" .mounts) }}
    - name: files
      configMap: {name: {{ .root.Release.Name }}-files}
    {{- end }}
    {{- if has "music" .mounts }}
    - name: music
      {{- toYaml .root.Values.music.volume | nindent 6 }}
    {{- end }}
    {{- if has "data" .mounts }}
    - name: data
      persistentVolumeClaim: {claimName: {{ .root.Values.data.existingClaim | default (printf "%s-data" .root.Release.Name) }}}
    {{- end }}
{{- end -}}

{{/* A Deployment. Takes what `segue.pod` takes, and optionally scaled and strategy. */}}
{{- define "segue.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "segue.metadata" . | nindent 2 }}
spec:
  {{- if not .scaled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  {{- with .strategy }}
  strategy: {{ toJson . }}
  {{- end }}
  selector: {{ include "segue.matched" . }}
  template: {{- include "segue.pod" . | nindent 4 }}
{{- end -}}
