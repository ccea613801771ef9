import { LogOut } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Chip } from "../../components/Chip";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { IconButton } from "../../components/IconButton";
import { me } from "../../state/listener";
import { useResource } from "../../state/resource";
import { say, sayError } from "../../state/toasts";
import { formatAgo, t } from "../../texts";
import styles from "./KeysSection.module.css";
import { Section } from "./Section";

type Person = Schemas["Person"];

/** Who has signed in. It is left out where nobody has. */
export function PeopleSection() {
  const [leaving, setLeaving] = useState<Person | null>(null);
  const { data, reload } = useResource((signal) => ask(client.GET("/v1/people", { signal })), []);
  const texts = t().service.people;
  if (!data?.people.length) return null;

  async function signOut(person: Person) {
    setLeaving(null);
    try {
      await ask(client.DELETE("/v1/people/{user}", { params: { path: { user: person.listener } } }));
      say(texts.done(person.name));
      reload();
    } catch (failure) {
      sayError(failure);
    }
  }

  return (
    <Section title={texts.title}>
      <p class={styles.hint}>{texts.hint}</p>
      <ul class={styles.keys}>
        {data.people.map((person) => (
          <li key={person.listener} class={styles.key}>
            <div class={styles.names}>
              <p class={styles.name}>
                {person.name}
                {me.value?.session?.listener === person.listener && <Chip>{texts.you}</Chip>}
              </p>
              <p class={styles.hint}>
                {texts.listener(person.listener)} · {texts.signedIn(formatAgo(new Date(person.signed_in_at)))}
              </p>
            </div>
            <IconButton icon={LogOut} label={texts.outOf(person.name)} onClick={() => setLeaving(person)} />
          </li>
        ))}
      </ul>
      {leaving && (
        <ConfirmDialog
          title={texts.outOf(leaving.name)}
          action={t().signIn.out}
          onClose={() => setLeaving(null)}
          onConfirm={() => signOut(leaving)}
        >
          {texts.sure(leaving.name)}
        </ConfirmDialog>
      )}
    </Section>
  );
}
