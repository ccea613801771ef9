import { Check, Copy } from "lucide-preact";
import { useState } from "preact/hooks";
import { t } from "../texts";
import { Button } from "./Button";
import styles from "./CopyText.module.css";

/** A text to take along, with a button that copies it. */
export function CopyText({ text }: { text: string }) {
  const [isCopied, setIsCopied] = useState(false);
  const texts = t().service.keys;
  async function copy() {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
  }
  const Icon = isCopied ? Check : Copy;
  return (
    <p class={styles.text}>
      <code>{text}</code>
      {/* Browsers give no clipboard to pages without TLS on other machines; the text can be selected. */}
      {"clipboard" in navigator && (
        <Button size="sm" icon={<Icon size={16} aria-hidden="true" />} onClick={copy}>
          {isCopied ? texts.copied : texts.copy}
        </Button>
      )}
    </p>
  );
}
