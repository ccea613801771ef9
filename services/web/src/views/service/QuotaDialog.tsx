import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import forms from "./forms.module.css";

type Quota = Schemas["LibraryQuota"];
type Resource = keyof Quota;

/** In the order of the form, with the unit of each field. */
const FIELDS: readonly { resource: Resource; unit: number }[] = [
  { resource: "tracks", unit: 1 },
  { resource: "upload_bytes", unit: 1_000_000_000 },
  { resource: "requests", unit: 1 },
  { resource: "analysis_minutes", unit: 1 },
];

interface Props {
  library: string;
  onClose: () => void;
  onSaved: () => void;
}

/** Sets what a library may use. */
export function QuotaDialog(props: Props) {
  const params = { path: { library: props.library } };
  const { data, error, reload } = useResource(
    (signal) => ask(client.GET("/v1/libraries/{library}/quota", { params, signal })),
    [],
  );
  return (
    <Dialog title={t().service.libraries.quotaTitle(props.library)} onClose={props.onClose}>
      {data ? (
        <QuotaForm {...props} quota={data} />
      ) : error ? (
        <ErrorMessage error={error} onRetry={reload} />
      ) : (
        <Skeleton of="rows" count={4} />
      )}
    </Dialog>
  );
}

function QuotaForm({ library, quota, onClose, onSaved }: Props & { quota: Quota }) {
  const [given, setGiven] = useState(shown(quota));
  const [error, setError] = useState<string>();
  const texts = t().service.libraries;

  async function save(event: Event) {
    event.preventDefault();
    try {
      await ask(client.PUT("/v1/libraries/{library}/quota", { params: { path: { library } }, body: asQuota(given) }));
    } catch (failure) {
      return setError(failure instanceof Error ? failure.message : String(failure));
    }
    onSaved();
    onClose();
  }

  return (
    <form class={forms.form} onSubmit={save}>
      <p class={forms.hint}>{texts.quotaHint}</p>
      {FIELDS.map(({ resource }, at) => (
        <Field
          key={resource}
          label={texts.limits[resource]}
          error={at === FIELDS.length - 1 ? error : undefined}
          type="number"
          min="0"
          step={resource === "upload_bytes" ? "any" : "1"}
          placeholder={texts.noLimit}
          value={given[resource]}
          onInput={(event) => setGiven({ ...given, [resource]: event.currentTarget.value })}
        />
      ))}
      <Button look="primary" type="submit">
        {t().actions.save}
      </Button>
    </form>
  );
}

type Given = Record<Resource, string>;

const shown = (quota: Quota): Given =>
  Object.fromEntries(
    FIELDS.map(({ resource, unit }) => [resource, quota[resource] === null ? "" : String(quota[resource] / unit)]),
  ) as Given;

export const asQuota = (given: Given): Quota =>
  Object.fromEntries(
    FIELDS.map(({ resource, unit }) => [
      resource,
      given[resource].trim() === "" ? null : Math.round(Number(given[resource]) * unit),
    ]),
  ) as Quota;
