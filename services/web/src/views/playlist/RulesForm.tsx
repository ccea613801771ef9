import { ArrowDownNarrowWide, ArrowUpNarrowWide } from "lucide-preact";
import { ask, client } from "../../api/client";
import { Field } from "../../components/Field";
import { IconButton } from "../../components/IconButton";
import { Select } from "../../components/Select";
import { listener } from "../../state/listener";
import type { PlaylistRules } from "../../state/playlists";
import { useResource } from "../../state/resource";
import { language, t } from "../../texts";
import styles from "./RulesForm.module.css";

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

type Mood = NonNullable<PlaylistRules["mood"]>;

const LIMITS = ["10", "25", "50", "100", "200", "500"] as const;

interface Props {
  rules: PlaylistRules;
  onChange: (rules: PlaylistRules) => void;
}

/** The rules of a smart playlist: words, a mood, filters, the listener's taste, order and length. */
export function RulesForm({ rules, onChange }: Props) {
  const texts = t().playlists.rules;
  const { data: moods } = useResource(async (signal) => (await ask(client.GET("/v1/moods", { signal }))).moods, []);
  const change = (part: Partial<PlaylistRules>) => onChange({ ...rules, ...part });
  const titles = (moods ?? []).map((mood) => ({
    value: mood.id as Mood,
    label: mood.titles[language.value] ?? mood.id,
  }));
  const sorts = (Object.keys(texts.sorts) as (PlaylistRules["sort"] & keyof typeof texts.sorts)[]).map((value) => ({
    value,
    label: texts.sorts[value],
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
        options={[{ value: "" as Mood | "", label: texts.anyMood }, ...titles]}
        value={rules.mood ?? ""}
        onChange={(mood) => change({ mood: mood || null })}
      />
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
