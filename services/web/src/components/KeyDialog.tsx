import { LogIn } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { route } from "../router";
import { keyQuestion, wantsKey } from "../state/key";
import { findSignIn, signIn, signInUrl } from "../state/session";
import { t } from "../texts";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import styles from "./KeyDialog.module.css";

type Question = NonNullable<typeof keyQuestion.value>;

/** Offers to sign in, or asks for an API key, when the service requires one of them. */
export function KeyDialog() {
  const question = keyQuestion.value;
  if (!question || (route.value.path[0] === "sign-in" && !wantsKey.value)) return null;
  return <SignInOrKey {...question} />;
}

function SignInOrKey(question: Question) {
  const [isKnown, setKnown] = useState(false);
  useEffect(() => {
    findSignIn()
      .catch(() => undefined) // a key can be entered
      .then(() => setKnown(true));
  }, []);
  if (!isKnown) return null;
  const offersSignIn = signInUrl.value !== null && !wantsKey.value && !question.wasRefused;
  return offersSignIn ? <SignInQuestion {...question} /> : <KeyQuestion {...question} />;
}

function SignInQuestion({ answer }: Question) {
  const texts = t().signIn;
  return (
    <Dialog title={texts.title} onClose={() => answer(null)}>
      <div class={styles.form}>
        <p>
          {texts.why} {texts.hint}
        </p>
        <Button look="primary" icon={<LogIn size={18} aria-hidden="true" />} autofocus onClick={() => signIn()}>
          {texts.action}
        </Button>
        <Button
          look="quiet"
          onClick={() => {
            wantsKey.value = true;
          }}
        >
          {t().key.instead}
        </Button>
      </div>
    </Dialog>
  );
}

function KeyQuestion({ wasRefused, answer }: Question) {
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
