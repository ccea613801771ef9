import { RotateCw } from "lucide-preact";
import type { Schemas } from "../../api/client";
import { IconButton } from "../../components/IconButton";
import { formatAgo, t } from "../../texts";
import styles from "./FailuresSection.module.css";

interface Props {
  failure: Schemas["FileFailure"];
  isSelected: boolean;
  onSelect: () => void;
  onRetry: () => void;
}

/** A file that cannot be used. */
export function FailureRow({ failure, isSelected, onSelect, onRetry }: Props) {
  const texts = t().service.failures;
  const { path, copies, kind, reason, at, attempts, quarantined } = failure;
  const slash = path.lastIndexOf("/") + 1;
  const name = path.slice(slash);
  return (
    <tr>
      <td>
        <input type="checkbox" aria-label={texts.select(name)} checked={isSelected} onChange={onSelect} />
      </td>
      <td class={styles.file}>
        <strong>{name}</strong>
        <span class={styles.folder}>{path.slice(0, slash)}</span>
        {copies.length > 0 && (
          <span class={styles.folder} title={copies.join("\n")}>
            {texts.copies(copies.length)}
          </span>
        )}
      </td>
      <td class={styles.reason}>
        {quarantined && <span class={styles.badge}>{texts.quarantined}</span>}
        <span>{reason}</span>
        <span class={styles.advice}>{texts.advice[kind]}</span>
      </td>
      <td class={styles.when}>
        {at && <time dateTime={at}>{formatAgo(new Date(at))}</time>}
        {attempts > 1 && <span>{texts.attempts(attempts)}</span>}
      </td>
      <td>
        <IconButton icon={RotateCw} size="sm" label={texts.retryTitle(name)} onClick={onRetry} />
      </td>
    </tr>
  );
}
