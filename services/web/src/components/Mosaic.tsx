import { ListMusic } from "lucide-preact";
import { Cover } from "./Cover";
import styles from "./Mosaic.module.css";

/** The picture of a playlist: four covers, one if there are fewer, or an icon. It is decorative. */
export function Mosaic({ tracks }: { tracks: readonly string[] }) {
  const shown = tracks.length < 4 ? tracks.slice(0, 1) : tracks.slice(0, 4);
  return (
    <span class={`${styles.mosaic} ${shown.length === 4 ? styles.four : ""}`}>
      {shown.length === 0 && <ListMusic size={40} strokeWidth={1.5} aria-hidden="true" />}
      {shown.map((id) => (
        <Cover key={id} of={{ kind: "tracks", id }} size="fill" />
      ))}
    </span>
  );
}
