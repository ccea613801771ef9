import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { ErrorMessage } from "../../components/Message";
import { Select } from "../../components/Select";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import { formatMeasure, measureName } from "../../texts/measures";
import { OwnFilters } from "./OwnFilters";
import { RangeFilter } from "./RangeFilter";
import styles from "./Songs.module.css";
import { CHOICES, type Range, SLIDERS, type Songs, toggled } from "./songs";

const CHIPS = 12;

interface Props {
  chosen: Pick<Songs, "genre" | "tags" | "own_features" | "ranges">;
  onNames: (field: "genre" | "tags" | "own_features", names: string[]) => void;
  onRange: (field: string, range: Range) => void;
}

/** Everything that songs can be filtered by, each with its distribution in the library. */
export function SongFilters({ chosen, onNames, onRange }: Props) {
  const { data, error, reload } = useResource(async (signal) => {
    const [{ attributes }, { genres }, { own_features }] = await Promise.all([
      ask(client.GET("/v1/attributes", { signal })),
      ask(client.GET("/v1/genres", { signal })),
      ask(client.GET("/v1/own-features", { signal })),
    ]);
    return { attributes: new Map(attributes.map((each) => [each.name, each])), genres, own: own_features };
  }, []);
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="rows" count={8} />;
  const { attributes, genres, own } = data;
  return (
    <div class={styles.filters}>
      <GenreChips genres={genres} source="file" chosen={chosen.genre} onChange={(names) => onNames("genre", names)} />
      <GenreChips genres={genres} source="heard" chosen={chosen.tags} onChange={(names) => onNames("tags", names)} />
      {SLIDERS.map((field) => {
        const found = attributes.get(field);
        if (!found?.ready) return null;
        return (
          <RangeFilter
            key={field}
            attribute={found}
            range={chosen.ranges[field] ?? {}}
            onChange={(range) => onRange(field, range)}
          />
        );
      })}
      {Object.entries(CHOICES).map(([field, values]) => {
        const value = chosen.ranges[field]?.min;
        return (
          <Select
            key={field}
            label={measureName(field)}
            value={value === undefined ? "" : String(value)}
            options={[
              { value: "", label: t().library.any },
              ...values.map((each) => ({ value: String(each), label: formatMeasure(field, each) })),
            ]}
            onChange={(given) => onRange(field, given ? { min: Number(given), max: Number(given) } : {})}
          />
        );
      })}
      <OwnFilters
        features={own}
        chosen={chosen.own_features}
        onChange={(conditions) => onNames("own_features", conditions)}
      />
    </div>
  );
}

interface ChipsProps {
  genres: readonly Schemas["GenreSource"][];
  source: "file" | "heard";
  chosen: readonly string[];
  onChange: (names: string[]) => void;
}

function GenreChips({ genres, source, chosen, onChange }: ChipsProps) {
  const texts = t().library;
  const [all, setAll] = useState(false);
  const names = genres.filter((genre) => genre.source === source).map((genre) => genre.name);
  if (!names.length) return null;
  const first = names.slice(0, CHIPS);
  const shown = all ? names : [...first, ...chosen.filter((name) => !first.includes(name))];
  const title = source === "file" ? texts.fileGenres : texts.heard;
  return (
    <section class={styles.group} aria-label={title}>
      <h3>{title}</h3>
      <div class={styles.chips}>
        {shown.map((name) => (
          <Chip key={name} selected={chosen.includes(name)} onClick={() => onChange(toggled(chosen, name))}>
            {name}
          </Chip>
        ))}
        {names.length > CHIPS && (
          <Button look="quiet" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? texts.showFewer : texts.showAll(names.length)}
          </Button>
        )}
      </div>
    </section>
  );
}
