import type { Schemas } from "../../api/client";
import { Field } from "../../components/Field";
import { Select } from "../../components/Select";
import { t } from "../../texts";
import { formatOwn } from "../../texts/measures";
import { ownCondition, ownRange, withOwn } from "./own";
import styles from "./Songs.module.css";

type Feature = Schemas["OwnFeature"];

interface Props {
  features: readonly Feature[];
  /** The conditions, such as `mine.energy:0.5..`. */
  chosen: readonly string[];
  onChange: (conditions: string[]) => void;
}

/** A condition on each own feature. */
export function OwnFilters({ features, chosen, onChange }: Props) {
  if (!features.length) return null;
  const title = t().details.own;
  return (
    <section class={styles.group} aria-label={title}>
      <h3>{title}</h3>
      {features.map((feature) => (
        <OwnFilter
          key={feature.name}
          feature={feature}
          value={ownCondition(chosen, feature.name)}
          onChange={(value) => onChange(withOwn(chosen, feature.name, value))}
        />
      ))}
    </section>
  );
}

function OwnFilter({ feature, value, onChange }: { feature: Feature; value: string; onChange: (v: string) => void }) {
  const texts = t().library;
  const { name, type, low, high } = feature;
  if (type === "flag") {
    const options = [
      { value: "", label: texts.any },
      { value: "true", label: formatOwn(true) },
      { value: "false", label: formatOwn(false) },
    ];
    return <Select label={name} value={value} options={options} onChange={onChange} />;
  }
  if (type === "text") return <Field label={name} value={value} onCommit={(text) => onChange(text.trim())} />;
  const [from, to] = ownRange(value);
  return (
    <fieldset class={styles.ends}>
      <legend>{name}</legend>
      <Field
        label={texts.least}
        type="number"
        step="any"
        value={from}
        placeholder={low === null ? "" : String(low)}
        onCommit={(text) => onChange(`${text}..${to}`)}
      />
      <Field
        label={texts.most}
        type="number"
        step="any"
        value={to}
        placeholder={high === null ? "" : String(high)}
        onCommit={(text) => onChange(`${from}..${text}`)}
      />
    </fieldset>
  );
}
