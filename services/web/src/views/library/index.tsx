import { ask, client } from "../../api/client";
import { ErrorMessage } from "../../components/Message";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { TrackRow } from "../../components/TrackRow";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { t } from "../../texts";

export default function Library() {
  const { data, error, reload } = useResource(
    (signal) => ask(client.GET("/v1/tracks", { params: { query: { status: ["ready"], limit: 50 } }, signal })),
    [],
  );
  return (
    <Page title={t().nav.library}>
      {error && <ErrorMessage error={error} onRetry={reload} />}
      {!data && !error && <Skeleton of="rows" count={12} />}
      <div>
        {data?.tracks.map((track, index) => (
          <TrackRow key={track.id} track={track} onPlay={() => playNow(data.tracks, { start: index })} />
        ))}
      </div>
    </Page>
  );
}
