import { Page } from "../../components/Page";
import { t } from "../../texts";

export default function VibeMap() {
  return <Page title={t().nav.map}>{null}</Page>;
}
