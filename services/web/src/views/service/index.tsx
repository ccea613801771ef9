import { Button } from "../../components/Button";
import { ErrorMessage } from "../../components/Message";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { forgetKey, key } from "../../state/key";
import { useResource } from "../../state/resource";
import { may, refreshStatus, status } from "../../state/service";
import { t } from "../../texts";
import { AnalysisSection } from "./AnalysisSection";
import { FailuresSection } from "./FailuresSection";
import { FoldersSection } from "./FoldersSection";
import { JobsSection } from "./JobsSection";
import { KeysSection } from "./KeysSection";
import { LibrariesSection } from "./LibrariesSection";
import { PeopleSection } from "./PeopleSection";
import styles from "./Service.module.css";
import { StateSection } from "./StateSection";

/** Everything about the service itself: analysis, folders, failed files, state, libraries, people and keys. */
export default function Service() {
  const { error, reload } = useResource(refreshStatus, []);
  const known = status.value;
  const texts = t().service;
  const actions = key.value !== null && <Button onClick={forgetKey}>{texts.keys.forget}</Button>;
  return (
    <Page title={t().nav.service} actions={actions}>
      {known ? (
        <div class={styles.sections}>
          <AnalysisSection status={known} />
          {may("ingest") ? (
            <>
              <FoldersSection folders={known.folders} />
              <FailuresSection />
            </>
          ) : (
            <p class={styles.note}>{texts.ingestOnly}</p>
          )}
          <StateSection status={known} />
          {may("ingest") && <JobsSection />}
          {may("admin") && (
            <>
              <LibrariesSection />
              <PeopleSection />
              <KeysSection />
            </>
          )}
        </div>
      ) : error ? (
        <ErrorMessage error={error} onRetry={reload} />
      ) : (
        <Skeleton of="rows" count={6} />
      )}
    </Page>
  );
}
