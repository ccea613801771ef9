import { Gauge, Pencil, Trash2, UserPlus } from "lucide-preact";
import { useId, useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { Menu } from "../../components/Menu";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { sayError } from "../../state/toasts";
import { formatNumber, t } from "../../texts";
import { Bar } from "./Bar";
import forms from "./forms.module.css";
import type { Library } from "./LibrariesSection";
import styles from "./LibrariesSection.module.css";
import { formatBytes } from "./progress";

interface Props {
  library: Library;
  onChanged: () => void;
  onOpen: (dialog: "change" | "quota" | "remove") => void;
}

/** A named library with its folders, its members and what it uses. */
export function LibraryCard({ library, onChanged, onOpen }: Props) {
  const id = useId();
  const texts = t().service.libraries;
  return (
    <li class={styles.library} aria-labelledby={id}>
      <header class={styles.head}>
        <h3 id={id} class={styles.name}>
          {library.name}
        </h3>
        <Menu
          label={texts.actions(library.name)}
          items={[
            { label: texts.change, icon: Pencil, run: () => onOpen("change") },
            { label: texts.setQuota, icon: Gauge, run: () => onOpen("quota") },
            { label: texts.remove, icon: Trash2, run: () => onOpen("remove"), isDangerous: true },
          ]}
        />
      </header>
      <ul class={styles.roots}>
        {library.roots?.map((root) => (
          <li key={root} title={root}>
            <bdi>{root}</bdi>
          </li>
        ))}
      </ul>
      <UsageList library={library} />
      <Members library={library} onChanged={onChanged} />
    </li>
  );
}

function UsageList({ library }: { library: Library }) {
  const params = { path: { library: library.name }, query: { days: 1 } };
  const { data, error } = useResource(
    (signal) => ask(client.GET("/v1/libraries/{library}/usage", { params, signal })),
    [library],
  );
  const texts = t().service.libraries;
  if (error) return <p class={styles.bad}>{error.message}</p>;
  if (!data) return <Skeleton of="rows" count={3} />;
  const { quota, days } = data;
  const used = days[0]?.requests ?? 0;
  const analysed = days[0]?.analysis_minutes ?? 0;
  return (
    <dl class={styles.usage}>
      <UsageRow name={texts.tracks} used={data.tracks} limit={quota.tracks} show={formatNumber} />
      <UsageRow name={texts.uploads} used={data.upload_bytes} limit={quota.upload_bytes} show={formatBytes} />
      <UsageRow name={texts.requests} used={used} limit={quota.requests} show={formatNumber} />
      <UsageRow name={texts.minutes} used={analysed} limit={quota.analysis_minutes} show={formatMinutes} />
    </dl>
  );
}

interface UsageRowProps {
  name: string;
  used: number;
  limit: number | null;
  show: (value: number) => string;
}

const formatMinutes = (value: number): string => t().service.libraries.inMinutes(formatNumber(Math.round(value)));

function UsageRow({ name, used, limit, show }: UsageRowProps) {
  const texts = t().service.libraries;
  return (
    <div class={styles.row}>
      <dt>{name}</dt>
      <dd>{limit === null ? show(used) : texts.ofLimit(show(used), show(limit))}</dd>
      {limit !== null && (
        <Bar value={limit ? Math.min(1, used / limit) : 1} label={name} isWarning={used >= 0.9 * limit} />
      )}
    </div>
  );
}

function Members({ library, onChanged }: Pick<Props, "library" | "onChanged">) {
  const [isAdding, setAdding] = useState(false);
  const texts = t().service.libraries;

  async function remove(user: string) {
    try {
      const params = { path: { library: library.name, user } };
      await ask(client.DELETE("/v1/libraries/{library}/members/{user}", { params }));
      onChanged();
    } catch (failure) {
      sayError(failure);
    }
  }

  return (
    <div class={styles.members}>
      {library.users?.map((user) => (
        <Chip key={user} onRemove={() => remove(user)} removeLabel={texts.removeMember(user, library.name)}>
          {user}
        </Chip>
      ))}
      <Button
        size="sm"
        icon={<UserPlus size={16} aria-hidden="true" />}
        aria-label={texts.addMemberTo(library.name)}
        onClick={() => setAdding(true)}
      >
        {texts.addMember}
      </Button>
      {isAdding && <MemberDialog library={library.name} onClose={() => setAdding(false)} onSaved={onChanged} />}
    </div>
  );
}

function MemberDialog({ library, onClose, onSaved }: { library: string; onClose: () => void; onSaved: () => void }) {
  const [user, setUser] = useState("");
  const [error, setError] = useState<string>();
  const { data } = useResource((signal) => ask(client.GET("/v1/users", { signal })), []);
  const list = useId();
  const texts = t().service.libraries;

  async function add(event: Event) {
    event.preventDefault();
    try {
      const params = { path: { library, user: user.trim() } };
      await ask(client.PUT("/v1/libraries/{library}/members/{user}", { params }));
    } catch (failure) {
      return setError(failure instanceof Error ? failure.message : String(failure));
    }
    onSaved();
    onClose();
  }

  return (
    <Dialog title={texts.addMemberTo(library)} onClose={onClose}>
      <form class={forms.form} onSubmit={add}>
        <Field
          label={texts.listener}
          hint={texts.listenerHint}
          error={error}
          required
          maxLength={200}
          autoComplete="off"
          list={list}
          value={user}
          onInput={(event) => setUser(event.currentTarget.value)}
        />
        <datalist id={list}>
          {data?.users.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Button look="primary" type="submit">
          {texts.addMember}
        </Button>
      </form>
    </Dialog>
  );
}
