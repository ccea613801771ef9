import { useEffect } from "preact/hooks";
import { Page } from "../../components/Page";
import { navigate, route } from "../../router";
import { closeFile, searchedFile, searchWithFile } from "../../state/searchFile";
import { t } from "../../texts";
import { FileResults } from "./FileResults";
import { addressOf, questionOf } from "./question";
import { Results } from "./Results";
import styles from "./Search.module.css";
import { SearchField } from "./SearchField";
import { Start } from "./Start";

/** Search by titles, artists, sentences, moods, pictures and sounds. */
export default function Search() {
  const question = questionOf(route.value.query);
  const file = searchedFile();
  useEffect(() => closeFile, []);

  function onText(text: string, isFinal: boolean) {
    closeFile();
    if (text === question.text) return;
    navigate(addressOf({ ...question, text, removed: new Set() }), { replace: !isFinal });
  }

  return (
    <Page title={t().search.title}>
      <div class={styles.search}>
        <SearchField text={question.text} onText={onText} onFile={searchWithFile} />
        {file ? (
          <FileResults file={file} onClose={closeFile} />
        ) : question.text || question.mood !== null ? (
          <Results question={question} />
        ) : (
          <Start onFile={searchWithFile} />
        )}
      </div>
    </Page>
  );
}
