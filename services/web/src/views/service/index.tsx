import { Page } from "../../components/Page";
import { t } from "../../texts";

export default function Service() {
  return <Page title={t().nav.service}>{null}</Page>;
}
