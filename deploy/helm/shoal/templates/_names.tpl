{{- define "shoal.labels" -}}
app.kubernetes.io/name: shoal
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "shoal.worker" -}}{{ .Release.Name }}-worker{{- end }}
{{- define "shoal.configuration" -}}
{{- $configuration := deepCopy .Values.configuration }}
{{- if .Values.workers.enabled }}
{{- $workers := dict "concurrency" .Values.workers.concurrency }}
{{- $kubernetes := dict "deployment" (include "shoal.worker" .) }}
{{- $own := dict "enabled" true "driver" "kubernetes" "worker" $workers "kubernetes" $kubernetes }}
{{- $_ := set $configuration "autoscaler" (merge $own .Values.workers.autoscaler) }}
{{- end }}
{{- toYaml $configuration }}
{{- end }}
