import type { LucideIcon } from "lucide-preact";
import {
  BookOpen,
  Car,
  CloudRain,
  Coffee,
  Dumbbell,
  Flame,
  Flower2,
  Footprints,
  Gamepad2,
  Heart,
  History,
  Library,
  Moon,
  PartyPopper,
  Smile,
  Sunrise,
  Target,
  Utensils,
  Wind,
} from "lucide-preact";
import { type Mood, moodTitle } from "../state/moods";
import styles from "./MoodTiles.module.css";

const ICONS: Record<string, LucideIcon> = {
  focus: Target,
  study: Library,
  reading: BookOpen,
  gaming: Gamepad2,
  sleep: Moon,
  meditation: Flower2,
  morning: Sunrise,
  dinner: Utensils,
  cooking: Coffee,
  party: PartyPopper,
  workout: Dumbbell,
  running: Footprints,
  rage: Flame,
  melancholy: Wind,
  "rainy-day": CloudRain,
  romance: Heart,
  nostalgia: History,
  "road-trip": Car,
};

interface Props {
  moods: readonly Mood[];
  onClick: (mood: Mood) => void;
  /** The chosen ones; makes the tiles toggles. */
  chosen?: readonly string[];
  /** Whether they take three rows that scroll sideways on a narrow view, instead of all the height that they need. */
  isCompact?: boolean;
  /** The accessible name of a tile, if it is not its title. */
  labelOf?: (title: string) => string;
}

/** The mood presets, as buttons or as toggles. */
export function MoodTiles({ moods, onClick, chosen, labelOf, isCompact = false }: Props) {
  return (
    <ul class={`${styles.moods} ${isCompact ? styles.compact : ""}`}>
      {moods.map((mood) => {
        const Icon = ICONS[mood.id] ?? Smile;
        const title = moodTitle(mood);
        return (
          <li key={mood.id}>
            <button
              type="button"
              class={styles.mood}
              aria-label={labelOf?.(title)}
              aria-pressed={chosen?.includes(mood.id)}
              onClick={() => onClick(mood)}
            >
              <Icon size={20} aria-hidden="true" />
              <span class={styles.title}>{title}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
