/** The mood presets of the service. They are loaded once. */

import { ask, client, type Schemas } from "../api/client";
import { language } from "../texts";

export type MoodId = NonNullable<Schemas["StartRequest"]["moods"]>[number];
export type Mood = Schemas["Mood"] & { id: MoodId };

let loading: Promise<Mood[]> | null = null;

/** Return all mood presets; after a failure, the next call tries again. */
export function loadMoods(): Promise<Mood[]> {
  loading ??= ask(client.GET("/v1/moods")).then(
    ({ moods }) => moods as Mood[],
    (error: unknown) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** Return the title of a mood preset in the chosen language. */
export const moodTitle = (mood: Mood): string => mood.titles[language.value] ?? mood.titles.en ?? mood.id;
