import { Scale, UserPlus } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Message } from "../../components/Message";
import { Nobody } from "../../components/Nobody";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { comparison, nextComparison, outcome, problem } from "../../state/comparison";
import { listener } from "../../state/listener";
import { stopPreview } from "../../state/preview";
import { may } from "../../state/service";
import { t } from "../../texts";
import { Board } from "./Board";
import styles from "./Compare.module.css";
import { InviteDialog } from "./InviteDialog";
import { Results } from "./Results";

/** Blind comparisons of what Segue finds with something else. */
export default function Compare() {
  const [isInviting, setInviting] = useState(false);
  const user = listener.value;
  const texts = t().compare;
  const actions = may("admin") && (
    <Button icon={<UserPlus size={18} aria-hidden="true" />} onClick={() => setInviting(true)}>
      {texts.invite}
    </Button>
  );
  return (
    <Page title={texts.title} actions={actions}>
      {user === null ? <Nobody /> : <Of key={user} user={user} />}
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}

function Of({ user }: { user: string }) {
  const texts = t().compare;
  useEffect(() => {
    void nextComparison(user);
    return stopPreview;
  }, [user]);
  const answers = outcome.value?.answers ?? comparison.value?.answers ?? 0;
  if (problem.value) {
    return (
      <Message
        icon={Scale}
        title={texts.nothing}
        actions={<Button onClick={() => nextComparison(user)}>{t().actions.retry}</Button>}
      >
        {problem.value.message}
      </Message>
    );
  }
  return (
    <div class={styles.view}>
      <div class={styles.intro}>
        <p>{texts.intro}</p>
        <p class={styles.note}>{answers > 0 ? texts.answers(answers) : texts.blind}</p>
      </div>
      {comparison.value ? <Board user={user} asked={comparison.value} /> : <Skeleton of="tiles" count={3} />}
      {may("admin") && <Results answers={answers} />}
    </div>
  );
}
