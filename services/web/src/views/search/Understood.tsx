import { Info, RotateCcw } from "lucide-preact";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { navigate } from "../../router";
import { t } from "../../texts";
import { type Answer, addressOf, type Question } from "./question";
import styles from "./Understood.module.css";
import { partsOf } from "./understood";
import { partText } from "./words";

interface Props {
  question: Question;
  answer: Answer;
  moodTitle: (id: string) => string;
}

/** What was understood of the text, in parts that can be left out. */
export function Understood({ question, answer, moodTitle }: Props) {
  const texts = t().search;
  const { understood, titles } = answer;
  const parts = understood ? partsOf(understood).filter(({ id }) => !question.removed.has(id)) : [];
  const warnings = understood?.warnings ?? [];
  const { mood, removed } = question;
  const isPlainName = understood !== null && !parts.length && !removed.size;
  if (!parts.length && !warnings.length && !removed.size && mood === null && !isPlainName) return null;
  return (
    <div class={styles.understood}>
      {(parts.length > 0 || mood !== null || removed.size > 0) && (
        <ul class={styles.parts} aria-label={texts.understood}>
          <li class={styles.label} aria-hidden="true">
            {texts.understood}
          </li>
          {mood !== null && (
            <Removable
              text={texts.parts.mood(moodTitle(mood))}
              onRemove={() => navigate(addressOf({ ...question, mood: null }))}
            />
          )}
          {parts.map((part) => (
            <Removable
              key={part.id}
              text={partText(part, titles)}
              onRemove={() => navigate(addressOf({ ...question, removed: new Set([...removed, part.id]) }))}
            />
          ))}
          {removed.size > 0 && (
            <li>
              <Button
                look="quiet"
                size="sm"
                icon={<RotateCcw size={14} aria-hidden="true" />}
                onClick={() => navigate(addressOf({ ...question, removed: new Set() }))}
              >
                {texts.restore}
              </Button>
            </li>
          )}
        </ul>
      )}
      {isPlainName && !warnings.length && <Note text={texts.notUnderstood} />}
      {warnings.map((warning) => (
        <Note key={warning} text={warning} lang="en" />
      ))}
    </div>
  );
}

function Removable({ text, onRemove }: { text: string; onRemove: () => void }) {
  return (
    <li>
      <Chip onRemove={onRemove} removeLabel={t().search.without(text)}>
        {text}
      </Chip>
    </li>
  );
}

function Note({ text, lang }: { text: string; lang?: string }) {
  return (
    <p class={styles.note} lang={lang}>
      <Info size={16} aria-hidden="true" />
      {text}
    </p>
  );
}
