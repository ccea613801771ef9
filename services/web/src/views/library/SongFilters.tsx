import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { ErrorMessage } from "../../components/Message";
import { Select } from "../../components/Select";
import { Skeleton } from "../../components/Skeleton";
import { setQuery } from "../../router";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import { formatMeasure, measureName } from "../../texts/measures";
import { RangeFilter } from "./RangeFilter";
import styles from "./Songs.module.css";
import { CHOICES, rangeChange, SLIDERS, type Songs, toggled } from "./songs";

const CHIPS = 12;

/** Everything that songs can be filtered by, each with its distribution in the library. */
export function SongFilters({ songs }: { songs: Songs }) {
  const { data, error, reload } = useResource(async (signal) => {
    const [{ attributes }, { genres }] = await Promise.all([
      ask(client.GET("/v1/attributes", { signal })),
      ask(client.GET("/v1/genres", { signal })),
    ]);
    return { attributes: new Map(attributes.map((each) => [each.name, each])), genres };
  }, []);
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="rows" count={8} />;
  const { attributes, genres } = data;
  return (
    <div class={styles.filters}>
      <GenreChips genres={genres} source="file" chosen={songs.genre} parameter="genre" />
      <GenreChips genres={genres} source="heard" chosen={songs.tags} parameter="tags" />
      {SLIDERS.map((field) => {
        const found = attributes.get(field);
        if (!found?.ready) return null;
        return (
          <RangeFilter
            key={field}
            attribute={found}
            range={songs.ranges[field] ?? {}}
            onChange={(range) => setQuery(rangeChange(field, range))}
          />
        );
      })}
      {Object.entries(CHOICES).map(([field, values]) => {
        const chosen = songs.ranges[field]?.min;
        return (
          <Select
            key={field}
            label={measureName(field)}
            value={chosen === undefined ? "" : String(chosen)}
            options={[
              { value: "", label: t().library.any },
              ...values.map((value) => ({ value: String(value), label: formatMeasure(field, value) })),
            ]}
            onChange={(value) => setQuery(rangeChange(field, value ? { min: Number(value), max: Number(value) } : {}))}
          />
        );
      })}
    </div>
  );
}

interface ChipsProps {
  genres: readonly Schemas["GenreSource"][];
  source: "file" | "heard";
  chosen: readonly string[];
  parameter: "genre" | "tags";
}

function GenreChips({ genres, source, chosen, parameter }: ChipsProps) {
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
          <Chip
            key={name}
            selected={chosen.includes(name)}
            onClick={() => setQuery({ [parameter]: toggled(chosen, name) })}
          >
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
