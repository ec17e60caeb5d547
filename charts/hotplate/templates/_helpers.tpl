{{/* The name of everything that a release has once. */}}
{{- define "hotplate.name" -}}
{{- if contains "hotplate" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-hotplate" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "hotplate.selector" -}}
app.kubernetes.io/name: hotplate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "hotplate.labels" -}}
{{ include "hotplate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* repository:tag of one of the images; takes a list of the root and the image. */}}
{{- define "hotplate.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) -}}
{{- end -}}

{{/* The namespaces that are watched, as a comma-separated list; empty for the whole cluster. */}}
{{- define "hotplate.namespaces" -}}
{{- if not .Values.watch.cluster -}}
{{- default (list .Release.Namespace) .Values.watch.namespaces | join "," -}}
{{- end -}}
{{- end -}}

{{/* The security context of a container under the restricted Pod Security standard. */}}
{{- define "hotplate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "hotplate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}
