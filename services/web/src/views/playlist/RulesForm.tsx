import { ArrowDownNarrowWide, ArrowUpNarrowWide, SlidersHorizontal } from "lucide-preact";
import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { Field } from "../../components/Field";
import { IconButton } from "../../components/IconButton";
import { Select } from "../../components/Select";
import { listener } from "../../state/listener";
import { loadMoods, type MoodId, moodTitle } from "../../state/moods";
import type { PlaylistRules } from "../../state/playlists";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import { measureName } from "../../texts/measures";
import { SongFilters } from "../library/SongFilters";
import type { Range } from "../library/songs";
import styles from "./RulesForm.module.css";
import { changedFilters, chosenOf, ruleConditions } from "./ruleFilters";

/** The rules that a new smart playlist starts with. */
export const NEW_RULES: PlaylistRules = {
  filters: null,
  text: [],
  mood: null,
  taste: false,
  sort: "match",
  descending: false,
  limit: 50,
};

const SORTS = [
  ...["match", "added", "artist", "title", "album", "year", "duration_ms"],
  ...["tempo", "energy", "valence", "danceability", "acousticness"],
] as const satisfies readonly PlaylistRules["sort"][];
const LIMITS = ["10", "25", "50", "100", "200", "500"] as const;

interface Props {
  rules: PlaylistRules;
  onChange: (rules: PlaylistRules) => void;
}

/** The rules of a smart playlist: words, a mood, filters, the listener's taste, order and length. */
export function RulesForm({ rules, onChange }: Props) {
  const texts = t().playlists.rules;
  const { data: moods } = useResource(loadMoods, []);
  const change = (part: Partial<PlaylistRules>) => onChange({ ...rules, ...part });
  const titles = (moods ?? []).map((mood) => ({ value: mood.id, label: moodTitle(mood) }));
  const sorts = SORTS.map((value) => ({
    value,
    label: (texts.sorts as Partial<Record<string, string>>)[value] ?? measureName(value),
  }));
  const limits = LIMITS.map((value) => ({ value, label: t().counts.tracks(Number(value)) }));
  return (
    <div class={styles.rules}>
      <Field
        label={texts.text}
        value={rules.text.join(" ")}
        placeholder={texts.textExample}
        hint={texts.textHint}
        autocomplete="off"
        onInput={({ currentTarget: { value } }) => change({ text: value.trim() ? [value] : [] })}
      />
      <Select
        label={texts.mood}
        options={[{ value: "" as MoodId | "", label: texts.anyMood }, ...titles]}
        value={rules.mood ?? ""}
        onChange={(mood) => change({ mood: mood || null })}
      />
      <Filters rules={rules} change={change} />
      {listener.value !== null && (
        <label class={styles.check}>
          <input
            type="checkbox"
            checked={rules.taste}
            onChange={(event) => change({ taste: event.currentTarget.checked })}
          />
          {texts.taste(listener.value)}
        </label>
      )}
      <div class={styles.order}>
        <Select<PlaylistRules["sort"]>
          label={texts.sort}
          options={sorts}
          value={rules.sort}
          onChange={(sort) => change({ sort })}
        />
        {rules.sort !== "match" && (
          <IconButton
            icon={rules.descending ? ArrowDownNarrowWide : ArrowUpNarrowWide}
            label={rules.descending ? texts.descending : texts.ascending}
            onClick={() => change({ descending: !rules.descending })}
          />
        )}
        <Select
          label={texts.limit}
          options={limits}
          value={String(rules.limit) as (typeof LIMITS)[number]}
          onChange={(limit) => change({ limit: Number(limit) })}
        />
      </div>
    </div>
  );
}

/** The conditions that every track must meet, and the panel that changes them. */
function Filters({ rules, change }: { rules: PlaylistRules; change: (part: Partial<PlaylistRules>) => void }) {
  const texts = t().playlists.rules;
  const [isOpen, setOpen] = useState(false);
  const set = (field: string, value: string[] | Range) =>
    change({ filters: changedFilters(rules.filters, field, value) });
  return (
    <section class={styles.filters} aria-label={t().library.filters}>
      <div class={styles.conditions}>
        <Button
          size="sm"
          icon={<SlidersHorizontal size={16} aria-hidden="true" />}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {t().library.filters}
        </Button>
        {ruleConditions(rules.filters).map(({ text, without }) => (
          <Chip key={text} removeLabel={texts.removeFilter(text)} onRemove={() => change({ filters: without })}>
            {text}
          </Chip>
        ))}
      </div>
      {isOpen && (
        <div class={styles.panel}>
          <SongFilters chosen={chosenOf(rules.filters)} onNames={set} onRange={set} />
        </div>
      )}
    </section>
  );
}
