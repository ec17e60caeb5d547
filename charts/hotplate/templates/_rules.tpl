{{/*
What the operator may do in a namespace that it watches. Server-side apply needs `create` and
`patch`. Nothing is wildcarded; it can neither run commands in pods nor list Secrets.
*/}}
{{- define "hotplate.rules" -}}
# The custom resources are read. Only their status is written, and the finalizer of a FeatureStore
# with deletionPolicy Teardown.
- apiGroups: [hotplate.dev]
  resources: [featurestores, modeldeployments]
  verbs: [get, list, watch]
- apiGroups: [hotplate.dev]
  resources: [featurestores]
  verbs: [patch]
- apiGroups: [hotplate.dev]
  resources: [featurestores/status, modeldeployments/status]
  verbs: [patch]
# Plan, apply, materialize, train, teardown; results are read from the pods' termination messages.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list]
# The scoring pods and the embedded Valkey.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Services; ConfigMaps hold the resource's file for Jobs and the settings of scoring pods.
- apiGroups: [""]
  resources: [services, configmaps]
  verbs: [get, list, watch, create, patch, delete]
# Written where a ModelDeployment asks for them.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies, ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors]
  verbs: [get, create, patch, delete]
# Whether a Secret that a resource names exists, and its version; only its metadata is read.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
