import { Page } from "../../components/Page";
import { t } from "../../texts";

export default function Playlists() {
  return <Page title={t().nav.playlists}>{null}</Page>;
}
