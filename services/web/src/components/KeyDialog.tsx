import { useState } from "preact/hooks";
import { keyQuestion } from "../state/key";
import { t } from "../texts";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import styles from "./KeyDialog.module.css";

/** Asks for an API key when the service requires one. */
export function KeyDialog() {
  const question = keyQuestion.value;
  return question && <Question {...question} />;
}

function Question({ wasRefused, answer }: NonNullable<typeof keyQuestion.value>) {
  const [given, setGiven] = useState("");
  const [keep, setKeep] = useState(false);
  const texts = t().key;
  return (
    <Dialog title={texts.title} onClose={() => answer(null)}>
      <p>{texts.why}</p>
      <form
        class={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (given.trim()) answer(given.trim(), keep);
        }}
      >
        <Field
          label={texts.label}
          hint={texts.hint}
          error={wasRefused ? texts.refused : undefined}
          type="password"
          required
          maxLength={200}
          autoComplete="off"
          spellcheck={false}
          value={given}
          onInput={(event) => setGiven(event.currentTarget.value)}
        />
        <label class={styles.keep}>
          <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} />
          {texts.keep}
        </label>
        <Button look="primary" type="submit">
          {texts.submit}
        </Button>
      </form>
    </Dialog>
  );
}
