import type { LucideIcon } from "lucide-preact";
import { useRef } from "preact/hooks";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";

interface Props {
  icon: LucideIcon;
  label: string;
  /** Media types, as for an input of files. */
  accept: string;
  onFile: (file: File) => void;
  /** Whether the label is visible. */
  isLabelled?: boolean;
}

/** A button that chooses a file. */
export function FileButton({ icon: Icon, label, accept, onFile, isLabelled = false }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const choose = () => input.current?.click();
  return (
    <>
      {isLabelled ? (
        <Button icon={<Icon size={18} aria-hidden="true" />} onClick={choose}>
          {label}
        </Button>
      ) : (
        <IconButton icon={Icon} label={label} onClick={choose} />
      )}
      <input
        ref={input}
        type="file"
        accept={accept}
        hidden
        aria-label={label}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) onFile(file);
        }}
      />
    </>
  );
}
