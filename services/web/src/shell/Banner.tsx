import { KeyRound, PlugZap } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../components/Button";
import { declined, enterKey, key } from "../state/key";
import { probe, reachable } from "../state/reachable";
import { signIn, signInUrl } from "../state/session";
import { t } from "../texts";
import styles from "./Banner.module.css";

/** A single failed request may be an accident of the network, so the banner waits for the second. */
const DELAY_MS = 1500;

/** What keeps the whole page from working: the service does not respond, or it needs a key. */
export function Banner() {
  const texts = t().service;
  const isAway = useDelayed(!reachable.value, DELAY_MS);
  if (isAway) {
    return (
      <div class={styles.banner} role="alert">
        <PlugZap size={20} aria-hidden="true" />
        <p>
          <strong>{texts.away.title}</strong> {texts.away.text}
        </p>
        <Button size="sm" onClick={probe}>
          {texts.away.tryNow}
        </Button>
      </div>
    );
  }
  if (declined.value && key.value === null) {
    const canSignIn = signInUrl.value !== null;
    return (
      <div class={styles.banner} role="status">
        <KeyRound size={20} aria-hidden="true" />
        <p>
          {canSignIn ? (
            <strong>{t().signIn.why}</strong>
          ) : (
            <>
              <strong>{texts.keyNeeded.title}</strong> {texts.keyNeeded.text}
            </>
          )}
        </p>
        <Button size="sm" onClick={canSignIn ? () => signIn() : enterKey}>
          {canSignIn ? t().signIn.action : t().key.title}
        </Button>
      </div>
    );
  }
  return null;
}

/** Return the flag, but `true` only once it has been so for a while. */
function useDelayed(flag: boolean, milliseconds: number): boolean {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    if (!flag) return setIsLate(false);
    const timer = setTimeout(() => setIsLate(true), milliseconds);
    return () => clearTimeout(timer);
  }, [flag, milliseconds]);
  return flag && isLate;
}
