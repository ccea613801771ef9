import { X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../texts";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons at the end. */
  footer?: ComponentChildren;
}

/** A modal dialog. It is open while it is rendered. Escape and the button close it, and the focus returns. */
export function Dialog({ title, onClose, children, footer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class={styles.dialog} aria-labelledby={id} onClose={onClose}>
      <header class={styles.header}>
        <h2 id={id}>{title}</h2>
        <IconButton icon={X} label={t().actions.close} size="sm" onClick={() => dialog.current?.close()} />
      </header>
      <div class={styles.body}>{children}</div>
      {footer && <footer class={styles.footer}>{footer}</footer>}
    </dialog>
  );
}
