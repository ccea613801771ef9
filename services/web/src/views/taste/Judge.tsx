import { Scale } from "lucide-preact";
import { LinkButton } from "../../components/LinkButton";
import { href } from "../../router";
import { t } from "../../texts";
import styles from "./OwnData.module.css";

/** The way to the blind comparisons. */
export function Judge() {
  const texts = t().compare;
  return (
    <section class={styles.section} aria-labelledby="judge">
      <h2 id="judge">{texts.judge}</h2>
      <p class={styles.hint}>{texts.judgeHint}</p>
      <div class={styles.actions}>
        <LinkButton to={href(["compare"])} icon={<Scale size={18} aria-hidden="true" />}>
          {texts.title}
        </LinkButton>
      </div>
    </section>
  );
}
