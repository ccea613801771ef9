import { SearchX } from "lucide-preact";
import { ErrorMessage, Message } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { loadMoods, moodTitle } from "../../state/moods";
import { useResource } from "../../state/resource";
import { verdictOf } from "../../state/verdicts";
import { t } from "../../texts";
import { Actions } from "./Actions";
import { Hits } from "./Hits";
import { PlaceTiles } from "./PlaceTiles";
import { addressOf, answer, type Question, radioOf } from "./question";
import styles from "./Results.module.css";
import { Understood } from "./Understood";
import { partsOf } from "./understood";
import { reasonText } from "./words";

const NAMED_FIRST = 5;

/** The answer to the question of the address. */
export function Results({ question }: { question: Question }) {
  const { data, error, isLoading, reload } = useResource((signal) => answer(question, signal), [addressOf(question)]);
  const moods = useResource(loadMoods, []);
  const titleOf = (id: string) => {
    const mood = moods.data?.find((each) => each.id === id);
    return mood ? moodTitle(mood) : id;
  };
  const texts = t().search;
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="rows" count={8} />;

  const { named, fitting, understood } = data;
  const name = question.text || (question.mood === null ? "" : titleOf(question.mood));
  const left = understood && partsOf(understood).some(({ id }) => !question.removed.has(id));
  const tracks = [...named, ...fitting].map(({ track }) => track);
  const wanted = tracks.filter(({ id }) => verdictOf(id) !== "ban");
  const reasonOf = (hit: (typeof named)[number]) => reasonText(hit, data, titleOf);
  return (
    <div class={styles.results} aria-busy={isLoading}>
      <Understood question={question} answer={data} moodTitle={titleOf} />
      {tracks.length > 0 ? (
        <Actions tracks={wanted} name={name} radio={radioOf(question, data)} />
      ) : (
        <Message icon={SearchX} title={texts.nothing}>
          {question.removed.size && !left ? texts.nothingLeft : texts.nothingHint}
        </Message>
      )}
      <PlaceTiles places={data.places} />
      <Hits
        title={texts.named}
        hits={named}
        from={name}
        reasonOf={reasonOf}
        first={fitting.length ? NAMED_FIRST : named.length}
      />
      <Hits title={texts.fitting} hits={fitting} from={name} reasonOf={reasonOf} />
    </div>
  );
}
