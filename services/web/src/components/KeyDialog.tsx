import { useState } from "preact/hooks";
import { keyQuestion } from "../state/key";
import { t } from "../texts";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field } from "./Field";

/** Asks for an API key when the service requires one. */
export function KeyDialog() {
  const question = keyQuestion.value;
  return question && <Question {...question} />;
}

function Question({ wasRefused, answer }: NonNullable<typeof keyQuestion.value>) {
  const [given, setGiven] = useState("");
  const texts = t().key;
  return (
    <Dialog title={texts.title} onClose={() => answer(null)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          answer(given.trim());
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
        <Button look="primary" type="submit">
          {texts.submit}
        </Button>
      </form>
    </Dialog>
  );
}
