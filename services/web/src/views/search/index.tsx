import { useState } from "preact/hooks";
import { Page } from "../../components/Page";
import { navigate, route } from "../../router";
import { say } from "../../state/toasts";
import { t } from "../../texts";
import { DropZone } from "./DropZone";
import { FileResults } from "./FileResults";
import { addressOf, isPicture, isSound, questionOf } from "./question";
import { Results } from "./Results";
import { SearchField } from "./SearchField";
import { Start } from "./Start";

/** Search by titles, artists, sentences, moods, pictures and sounds. */
export default function Search() {
  const question = questionOf(route.value.query);
  const [file, setFile] = useState<File | null>(null);
  const texts = t().search;

  function onText(text: string, isFinal: boolean) {
    setFile(null);
    if (text === question.text) return;
    navigate(addressOf({ ...question, text, removed: new Set() }), { replace: !isFinal });
  }

  function onFile(chosen: File) {
    if (isPicture(chosen) || isSound(chosen)) setFile(chosen);
    else say(texts.wrongFile(chosen.name), { kind: "error" });
  }

  return (
    <Page title={texts.title}>
      <DropZone onFile={onFile}>
        <SearchField text={question.text} onText={onText} onFile={onFile} />
        {file ? (
          <FileResults file={file} onClose={() => setFile(null)} />
        ) : question.text || question.mood !== null ? (
          <Results question={question} />
        ) : (
          <Start onFile={onFile} />
        )}
      </DropZone>
    </Page>
  );
}
