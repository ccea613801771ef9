import { Page } from "../../components/Page";
import { href, route } from "../../router";
import { VIEWS } from "../../shell/navigation";
import { t } from "../../texts";
import { Albums } from "./Albums";
import { Artists } from "./Artists";
import { Genres } from "./Genres";
import styles from "./Library.module.css";
import { Songs } from "./Songs";

const PARTS = { albums: Albums, artists: Artists, songs: Songs, genres: Genres };
type PartName = keyof typeof PARTS;

const isPart = (name: string | undefined): name is PartName => name !== undefined && name in PARTS;

/** The library by albums, artists, songs or genres, as the address says. */
export default function Library() {
  const [, name] = route.value.path;
  const shown = isPart(name) ? name : "albums";
  const Part = PARTS[shown];
  const texts = t().library;
  return (
    <Page title={t().nav.library}>
      <nav class={styles.elsewhere} aria-label={texts.elsewhere}>
        {VIEWS.filter(({ isTab }) => !isTab).map(({ name: view, path, icon: Icon }) => (
          <a key={view} href={href(path)}>
            <Icon size={18} aria-hidden="true" />
            {t().nav[view]}
          </a>
        ))}
      </nav>
      <nav class={styles.parts} aria-label={texts.parts}>
        {Object.keys(PARTS).map((each) => (
          <a key={each} href={href(["library", each])} aria-current={each === shown ? "page" : undefined}>
            {texts[each as PartName]}
          </a>
        ))}
      </nav>
      <Part key={shown} />
    </Page>
  );
}
