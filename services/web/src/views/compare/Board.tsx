import { Check } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { answer, type Choice, type Comparison, mayAnswer, nextComparison, outcome } from "../../state/comparison";
import type { Sound } from "../../state/preview";
import { sayError } from "../../state/toasts";
import { t } from "../../texts";
import { Card } from "./Card";
import styles from "./Compare.module.css";
import { useKeys } from "./keys";

/** The track, the two others, and the answer. */
export function Board({ user, asked }: { user: string; asked: Comparison }) {
  const texts = t().compare;
  const { track, first, second } = asked;
  const given = outcome.value;
  const sounds = [{ id: track.id, loudness: track.descriptors?.loudness }, first, second] as const;
  const choose = (choice: Choice) => void answer(user, choice).catch(sayError);
  const end = useRef<HTMLDivElement>(null);
  useKeys(sounds, choose);
  useEffect(() => {
    if (given) end.current?.querySelector("button")?.focus(); // so that Enter goes on
  }, [given]);
  const isOpen = mayAnswer.value;
  return (
    <>
      <div class={styles.cards}>
        <Card name={texts.track} shortcut="1" sound={sounds[0]} shown={track}>
          <p class={styles.note} role="status">
            {given ? texts.thanks(given.choice) : isOpen ? texts.choose : texts.hearFirst}
          </p>
        </Card>
        <Candidate letter="A" shortcut="2" sound={first} choice="first" shown={given?.first} onChoose={choose} />
        <Candidate letter="B" shortcut="3" sound={second} choice="second" shown={given?.second} onChoose={choose} />
      </div>
      <div class={styles.end} ref={end}>
        {given ? (
          <Button look="primary" onClick={() => nextComparison(user)}>
            {texts.next}
          </Button>
        ) : (
          <Button disabled={!isOpen} aria-keyshortcuts="0" onClick={() => choose("same")}>
            {texts.same} <Key name="0" />
          </Button>
        )}
      </div>
    </>
  );
}

interface Props {
  letter: string;
  shortcut: string;
  sound: Sound;
  choice: Choice;
  shown: Track | undefined;
  onChoose: (choice: Choice) => void;
}

/** One of the two tracks that may fit better. */
function Candidate({ letter, shortcut, sound, choice, shown, onChoose }: Props) {
  const texts = t().compare;
  const isChosen = outcome.value?.choice === choice;
  return (
    <Card name={letter} shortcut={shortcut} sound={sound} shown={shown ?? null} isChosen={isChosen}>
      {!shown && (
        <Button look="primary" disabled={!mayAnswer.value} aria-keyshortcuts={letter} onClick={() => onChoose(choice)}>
          {texts.fits(letter)} <Key name={letter} />
        </Button>
      )}
      {isChosen && (
        <p class={styles.own}>
          <Check size={18} aria-hidden="true" /> {texts.chosen}
        </p>
      )}
    </Card>
  );
}

/** The key of a button. */
function Key({ name }: { name: string }) {
  return (
    <span class={styles.key} aria-hidden="true">
      {name}
    </span>
  );
}
