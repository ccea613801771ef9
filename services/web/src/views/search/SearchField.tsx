import { AudioLines, ImageUp, Search, X } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../../components/IconButton";
import { offerSearchField } from "../../state/searchBox";
import { t } from "../../texts";
import { FileButton } from "./FileButton";
import styles from "./SearchField.module.css";

interface Props {
  text: string;
  /** `isFinal`: the text was entered, not just typed so far. */
  onText: (text: string, isFinal: boolean) => void;
  onFile: (file: File) => void;
}

const PAUSE_MS = 350;

/** The field for titles, artists and sentences. It searches when the typing pauses. */
export function SearchField({ text, onText, onFile }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const pause = useRef<number>();
  const texts = t().search;
  useEffect(() => {
    if (!field.current) return undefined;
    if (window.matchMedia("(pointer: fine)").matches) field.current.focus({ preventScroll: true });
    return offerSearchField(field.current);
  }, []);
  useEffect(() => {
    const isTyping = document.activeElement === field.current && pause.current !== undefined;
    if (field.current && !isTyping) field.current.value = text;
  }, [text]);
  useEffect(() => () => clearTimeout(pause.current), []);

  function tell(isFinal: boolean) {
    clearTimeout(pause.current);
    pause.current = undefined;
    onText(field.current?.value.trim() ?? "", isFinal);
  }

  function onInput() {
    clearTimeout(pause.current);
    pause.current = window.setTimeout(() => tell(false), PAUSE_MS);
  }

  return (
    <search aria-label={texts.title}>
      <form
        class={styles.field}
        onSubmit={(event) => {
          event.preventDefault();
          tell(true);
        }}
      >
        <Search size={22} aria-hidden="true" />
        <input
          ref={field}
          type="search"
          aria-label={texts.field}
          placeholder={texts.field}
          maxLength={500}
          enterkeyhint="search"
          autocomplete="off"
          onInput={onInput}
        />
        {text && (
          <IconButton
            icon={X}
            label={texts.clear}
            onClick={() => {
              if (field.current) field.current.value = "";
              tell(true);
              field.current?.focus();
            }}
          />
        )}
        <FileButton icon={ImageUp} label={texts.picture} accept="image/*" onFile={onFile} />
        <FileButton icon={AudioLines} label={texts.sound} accept="audio/*" onFile={onFile} />
      </form>
    </search>
  );
}
