import { LibraryBig } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { say, sayError } from "../../state/toasts";
import { t } from "../../texts";
import styles from "./LibrariesSection.module.css";
import { LibraryCard } from "./LibraryCard";
import { LibraryDialog } from "./LibraryDialog";
import { QuotaDialog } from "./QuotaDialog";
import { Section } from "./Section";

export type Library = Schemas["Library"];

type Open = { dialog: "create" | "change" | "quota" | "remove"; library: Library | null };

/** The named libraries: their folders and members, what they use, and what they may use. */
export function LibrariesSection() {
  const [open, setOpen] = useState<Open | null>(null);
  const { data, error, reload } = useResource((signal) => ask(client.GET("/v1/libraries", { signal })), []);
  const texts = t().service.libraries;
  const close = () => setOpen(null);

  async function remove(library: Library) {
    close();
    try {
      await ask(client.DELETE("/v1/libraries/{library}", { params: { path: { library: library.name } } }));
      say(texts.removed(library.name));
      reload();
    } catch (failure) {
      sayError(failure);
    }
  }

  return (
    <Section
      title={texts.title}
      actions={
        <Button
          size="sm"
          icon={<LibraryBig size={16} aria-hidden="true" />}
          onClick={() => setOpen({ dialog: "create", library: null })}
        >
          {texts.create}
        </Button>
      }
    >
      <p class={styles.hint}>{texts.hint}</p>
      {error && !data && <ErrorMessage error={error} onRetry={reload} />}
      {!data && !error && <Skeleton of="rows" count={2} />}
      <ul class={styles.libraries}>
        {data?.libraries.map((library) => (
          <LibraryCard
            key={library.name}
            library={library}
            onChanged={reload}
            onOpen={(dialog) => setOpen({ dialog, library })}
          />
        ))}
      </ul>
      {(open?.dialog === "create" || open?.dialog === "change") && (
        <LibraryDialog library={open.library} onClose={close} onSaved={reload} />
      )}
      {open?.dialog === "quota" && open.library && (
        <QuotaDialog library={open.library.name} onClose={close} onSaved={reload} />
      )}
      {open?.dialog === "remove" && open.library && (
        <ConfirmDialog
          title={texts.removeTitle(open.library.name)}
          action={texts.remove}
          onClose={close}
          onConfirm={() => open.library && remove(open.library)}
        >
          {texts.removeSure(open.library.name)}
        </ConfirmDialog>
      )}
    </Section>
  );
}
