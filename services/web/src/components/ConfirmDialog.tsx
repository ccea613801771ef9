import type { ComponentChildren } from "preact";
import { t } from "../texts";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

interface Props {
  title: string;
  /** The label of the button that confirms. */
  action: string;
  onClose: () => void;
  onConfirm: () => void;
  children: ComponentChildren;
}

/** Asks before something that cannot be undone. */
export function ConfirmDialog({ title, action, onClose, onConfirm, children }: Props) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t().actions.cancel}</Button>
          <Button look="danger" onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      <p>{children}</p>
    </Dialog>
  );
}
