import { Heart } from "lucide-preact";
import { LinkButton } from "../../components/LinkButton";
import { ErrorMessage, Message } from "../../components/Message";
import { Nobody } from "../../components/Nobody";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { href } from "../../router";
import { recommendedByTaste } from "../../state/home";
import { listener } from "../../state/listener";
import { timesStored } from "../../state/listens";
import { useResource } from "../../state/resource";
import { type Tastes as Found, loadTastes } from "../../state/taste";
import { t } from "../../texts";
import { History } from "./History";
import { Judge } from "./Judge";
import { NotInLibrary } from "./NotInLibrary";
import { OwnData } from "./OwnData";
import { TakenOut } from "./TakenOut";
import styles from "./Taste.module.css";
import { TasteCard } from "./TasteCard";

export default function Taste() {
  const user = listener.value;
  return <Page title={t().taste.title}>{user === null ? <Nobody /> : <Of key={user} user={user} />}</Page>;
}

function Of({ user }: { user: string }) {
  const { data, error, reload } = useResource((signal) => loadTastes(user, signal), [user, timesStored.value]);
  if (error && !data) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="rows" count={8} />;
  return (
    <>
      <Tastes user={user} found={data} reload={reload} />
      <TakenOut user={user} found={data} onChange={reload} />
      <History user={user} onChange={reload} />
      <NotInLibrary user={user} />
      <Judge />
      <OwnData user={user} />
    </>
  );
}

function Tastes({ user, found, reload }: { user: string; found: Found; reload: () => void }) {
  const texts = t().taste;
  const recommended = useResource((signal) => recommendedByTaste(user, signal), [user, found]);
  const tastes = found.tastes.filter((taste) => taste.plays.length > 0);
  if (!tastes.length) {
    const hasLost = found.dismissed.length > 0;
    return (
      <Message
        icon={Heart}
        title={hasLost ? texts.noneLeft : texts.none}
        actions={
          <LinkButton look="primary" to={href([], { start: "1" })}>
            {texts.start}
          </LinkButton>
        }
      >
        {hasLost ? texts.noneLeftHint : texts.noneHint}
      </Message>
    );
  }
  return (
    <section class={styles.tastes} aria-label={texts.title}>
      <p class={styles.intro}>{texts.intro(found.counts.tracks)}</p>
      <div class={styles.cards}>
        {tastes.map((taste) => (
          <TasteCard
            key={taste.id}
            user={user}
            taste={taste}
            leadsTo={recommended.data?.get(taste.plays[0] ?? "") ?? []}
            onChange={reload}
          />
        ))}
      </div>
    </section>
  );
}
